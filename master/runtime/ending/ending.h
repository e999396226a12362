#ifndef MASTER_RUNTIME_ENDING_ENDING_H_
#define MASTER_RUNTIME_ENDING_ENDING_H_

#include <optional>
#include <string>
#include <string_view>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"

namespace fectl::runtime {

// What fectld ends with where a service that it is there for has failed: the exit code of the process that
// has failed, as a shell tells it, and never 0.
int ExitCodeFor(const core::Cause& cause);

// For an engine's termination message, which holds 4 KiB: the cause, and of the last lines as many as there
// is room for. Each of `lines` with its newline.
std::string EndingText(std::string_view service, uint32_t slot, const core::Cause& cause,
                       std::string_view lines);

// When fectld is to end without further notice: some time after SIGTERM, or after an essential service has
// failed for good. It holds no descriptor and reads no clock.
class Ending {
 public:
  struct Failure {
    core::ServiceId service = 0;
    uint32_t slot = 0;
    core::Cause cause;
    std::string name;  // of the service
  };

  explicit Ending(core::Span stop_delay) : stop_delay_(stop_delay) {}

  // SIGTERM came. True: the end is put off from now on; false: it is to begin.
  bool PutOff(core::Instant now);
  // Only the first one counts, and none that comes when the end has begun.
  void OnFailure(Failure failure, core::Instant now);
  void OnBegun();

  // The end is to begin now. A failure waits shortly until the last lines of the process are known.
  bool IsDue(core::Instant now, bool lines_are_known) const;
  core::Instant next_deadline() const;  // kNever: none
  bool is_put_off() const { return due_at_ != core::kNever && !has_begun_; }
  const std::optional<Failure>& failure() const { return failure_; }
  int exit_code() const { return failure_.has_value() ? ExitCodeFor(failure_->cause) : 0; }

 private:
  core::Span stop_delay_;
  core::Instant due_at_ = core::kNever;  // by SIGTERM
  core::Instant lines_by_ = core::kNever;
  std::optional<Failure> failure_;
  bool has_begun_ = false;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_ENDING_ENDING_H_
