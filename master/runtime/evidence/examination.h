#ifndef FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINATION_H_
#define FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/platform/children/children.h"
#include "master/platform/children/launcher.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/process/exit_status.h"
#include "master/runtime/helper_output.h"

namespace fectl::runtime {

// One process `fectld --examine PID`, which runs as the worker's user and looks into the worker.
class Examination final : private platform::ExitObserver {
 public:
  struct Result {
    std::string where;  // "hung in `spin` guest.cc:88"
    std::string text;   // of the incident, a JSON object
  };

  // The worker, and what it was made of.
  struct Worker {
    core::Incarnation who;
    int32_t pid = 0;
    std::optional<platform::Identity> identity{};
    std::optional<platform::CapabilitySet> capabilities{};
  };

  // `loop` outlives it. `known`: a JSON object, what the master knows of the worker.
  Examination(Worker worker, std::string known, core::Instant deadline, platform::EventLoop* loop)
      : worker_(std::move(worker)),
        known_(std::move(known)),
        deadline_(deadline),
        output_("fectld --examine", kOutputBytesMax, loop) {}
  ~Examination() override;
  Examination(const Examination&) = delete;
  Examination& operator=(const Examination&) = delete;

  // Once. Where it cannot be started it is done, and the result says why.
  void Start(platform::Children* children);

  bool IsDone(core::Instant now) const {
    return !failed_.ok() || !output_.state().ok() || ended_.has_value() || deadline_ <= now;
  }
  // When IsDone() becomes true at the latest.
  core::Instant next_deadline() const { return IsDone(core::Instant{}) ? core::Instant{} : deadline_; }
  // Once, when it is done. Where nothing could be found out, that is what the text says.
  Result Take();

  const core::Incarnation& who() const { return worker_.who; }

 private:
  // What is kept of one incident (256 KiB), and the line before it.
  static constexpr size_t kOutputBytesMax = size_t{257} << 10;

  absl::Status Launch(platform::Children* children);
  void OnChildExit(platform::Child& child, const platform::ExitStatus& status) override;
  std::string WhyNothing() const;

  const Worker worker_;
  const std::string known_;
  const core::Instant deadline_;
  HelperOutput output_;
  absl::Status failed_;
  std::unique_ptr<platform::Child> child_;
  std::optional<std::string> ended_;  // how the process did, in words
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINATION_H_
