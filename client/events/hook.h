#ifndef FECTL_CLIENT_EVENTS_HOOK_H_
#define FECTL_CLIENT_EVENTS_HOOK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/process/child.h"

namespace fectl::client {

// A command of the shell that is run for one event after the other, with the event on its standard input,
// until it ends with 0 for it. Its processes are a group of their own.
class Hook {
 public:
  explicit Hook(std::string command) : command_(std::move(command)) {}

  // Once Idle(): runs it for this record, a line without its end.
  absl::Status Begin(const std::string& json, int64_t now_ms);

  enum class State { kIdle, kRuns, kWaits };
  State state() const { return state_; }
  // While it waits: when it is run again for the same event.
  int64_t retry_at_ms() const { return retry_at_ms_; }

  // After a SIGCHLD, and when retry_at_ms() has come. True: the event is done with.
  bool Proceed(int64_t now_ms);
  // How it ended last, in words; "" where it ended with 0.
  const std::string& trouble() const { return trouble_; }

  // Asks all processes of the group to end; `kill`: ends them.
  void End(bool kill);
  bool runs() const { return state_ == State::kRuns; }

 private:
  absl::Status Start();

  std::string command_;
  std::string json_;
  std::optional<Child> child_;
  State state_ = State::kIdle;
  int64_t pause_ms_ = 0;
  int64_t retry_at_ms_ = 0;
  std::string trouble_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_HOOK_H_
