#ifndef FECTL_MASTER_RUNTIME_HELPER_OUTPUT_H_
#define FECTL_MASTER_RUNTIME_HELPER_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// What a process that works for the master (`fectld --load`, `fectld --examine`) writes to its standard
// output, read as it comes. Its process may be killed, hang or write nonsense.
class HelperOutput final : private platform::FdWatcher {
 public:
  // `loop` outlives it. `name`: for the error of one that writes more than `bytes_max`.
  HelperOutput(std::string name, size_t bytes_max, platform::EventLoop* loop)
      : name_(std::move(name)), bytes_max_(bytes_max), loop_(loop) {}
  ~HelperOutput() override { Stop(); }
  HelperOutput(const HelperOutput&) = delete;
  HelperOutput& operator=(const HelperOutput&) = delete;

  // From here on it is that of another process. Gives the end that the process is to write to.
  absl::Status Open(base::UniqueFd* write_end);
  // Reads what is there: before its end is acted upon.
  void ReadAll();
  // Nothing more is wanted.
  void Stop();

  // Up to the limit.
  const std::string& text() const { return text_; }
  // Not OK: it wrote more than it may.
  const absl::Status& state() const { return state_; }

 private:
  void OnReady(uint32_t /*events*/) override { ReadAll(); }

  const std::string name_;
  const size_t bytes_max_;
  platform::EventLoop* loop_;
  base::UniqueFd read_;
  std::string text_;
  absl::Status state_;
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_HELPER_OUTPUT_H_
