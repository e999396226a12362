#ifndef MASTER_PLATFORM_CHILDREN_LAUNCH_IN_FLIGHT_H_
#define MASTER_PLATFORM_CHILDREN_LAUNCH_IN_FLIGHT_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "master/platform/children/launch_error.h"
#include "master/platform/process/exit_status.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

struct ChildPlan;

// A new process between its birth and its exec. It runs in the memory of the master, on a stack and by a plan
// that are kept here, so that a start costs the same however much memory the master has.
//
// Nearly always that is over at once. Where the file system of the program or of its directory does not
// answer, the master does not wait for it: it goes on, and this stays as long as the process needs it.
class LaunchInFlight {
 public:
  // None.
  LaunchInFlight() = default;
  // `sources`: the plan's, which it borrows from here. `strings`: whatever else the plan points into.
  LaunchInFlight(const ChildPlan& plan, std::vector<int> sources, std::shared_ptr<const void> strings);
  LaunchInFlight(LaunchInFlight&&) = default;
  LaunchInFlight& operator=(LaunchInFlight&&) = default;

  // Makes the process, once, and waits until it is over, or a short time if all that is left for it to do
  // does not concern the master any more: it has its own descriptors. One that has not come so far within
  // `limit_ns` is killed (ETIMEDOUT). Returns its pid, to be reaped by the caller; -1 with errno.
  //
  // Keep this until then: a process that is given up unreaped takes its memory along.
  pid_t Start(int64_t limit_ns, base::UniqueFd* pidfd);

  // The process still runs in our memory: it has not come to its program. Any signal but SIGKILL then finds
  // nothing that could act on it.
  bool pending() const;
  // Pending, and about to be killed: its end by that counts as one before its program, though one that is
  // killed inside exec leaves no trace of that.
  void Abandon();

  // Not pending. Whether it ended without having executed its program.
  bool failed() const;
  // Why. `end`: how it ended, as it was reaped. nullopt where it has executed.
  std::optional<LaunchError> Failure(const ExitStatus& end) const;
  // It failed for the one reason that the kernel does not let it leave the master's table of descriptors.
  bool cannot_leave() const;

 private:
  struct Shared;
  struct Release {
    void operator()(Shared* shared) const;
  };

  std::unique_ptr<Shared, Release> shared_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LAUNCH_IN_FLIGHT_H_
