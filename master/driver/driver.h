#ifndef MASTER_DRIVER_DRIVER_H_
#define MASTER_DRIVER_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/supervisor.h"
#include "master/driver/outside.h"

namespace fectl::driver {

// The process was not running (stopped by a signal, or the whole machine was) if a turn came this much later
// than it should have. Ordinary load stays far below.
inline constexpr core::Span kStallAfter = core::Seconds(1);

// Processes that are started in one turn. The others follow in the next ones, so that a start of thousands
// keeps no client and no heartbeat waiting: a start takes a fraction of a millisecond.
inline constexpr size_t kStartsPerTurnMax = 64;

// Runs the supervisor: one turn waits for the outside, looks at what is ready, steps the supervisor with each
// event and runs the effects in order. The master and the simulator run the same turns, over different
// outsides. Pure: every system call is the outside's. Not thread-safe.
class Driver {
 public:
  // `outside` outlives it. Versions of plans as in core::FirstPlans().
  Driver(std::vector<core::Plan> plans, uint64_t random_seed, Outside* outside,
         size_t starts_per_turn = kStartsPerTurnMax);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Takes note of what happened. It is stepped when everything that is ready in this turn was looked at.
  void Emit(core::Event event) { queue_.push_back(std::move(event)); }

  // Starts the services. Once, before the first turn.
  void Boot();

  // An error is one of Outside::Wait().
  absl::Status Turn();

  // How long the next turn may wait: nanoseconds, or -1 for no limit.
  int64_t TimeoutNanos(core::Instant now) const;

  // No event and no effect is left for the next turn.
  bool idle() const { return queue_.empty() && pending_.empty(); }

  // Nothing is left to supervise: no event is stepped any more.
  bool finished() const { return finished_; }

  // The time of the events that are being stepped.
  const core::Moment& at() const { return at_; }

  core::Supervisor& supervisor() { return supervisor_; }
  const core::Supervisor& supervisor() const { return supervisor_; }

 private:
  absl::Status ReadEverything();
  void NoticeStall(core::Instant expected, core::Instant now);
  void StepQueue();
  void Step(const core::Event& event);
  void RunEffects();

  core::Supervisor supervisor_;
  Outside* outside_;
  const size_t starts_per_turn_;
  std::vector<core::Event> queue_;
  core::Effects effects_;             // of the newest step
  std::deque<core::Effect> pending_;  // those that were not run yet
  size_t starts_ = 0;                 // of processes, in this turn
  core::Moment at_;
  bool finished_ = false;
};

}  // namespace fectl::driver

#endif  // MASTER_DRIVER_DRIVER_H_
