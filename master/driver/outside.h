#ifndef MASTER_DRIVER_OUTSIDE_H_
#define MASTER_DRIVER_OUTSIDE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"

namespace fectl::driver {

// Where the driver sees what happens and acts: the kernel (master/runtime), or an invented one (master/sim).
// The driver calls it from Boot() and Turn() only. It may call Driver::Emit() at any time.
class Outside {
 public:
  virtual ~Outside() = default;

  virtual core::Moment Now() = 0;

  // Waits until something is ready or `timeout_ns` nanoseconds are over (0: only looks; -1: no limit), and
  // emits what it has seen. May return early. True: more may be ready than it has looked at. An error ends
  // the turn.
  virtual absl::StatusOr<bool> Wait(int64_t timeout_ns) = 0;

  // So many calls of Wait() look at everything that is ready, even where each of them finds more.
  virtual size_t waits_for_all() const = 0;

  // When the next turn is needed, at the latest, for reasons that the supervisor does not know; kNever: it
  // is not.
  virtual core::Instant next_deadline() const { return core::kNever; }

  virtual void Run(const core::Effect& effect) = 0;

  // Before and after the supervisor is stepped, and before the effects of the step are run. nullptr: the
  // services are started.
  virtual void OnStep(const core::Event* /*event*/) {}
  virtual void OnStepped(const core::Event* /*event*/, const core::Effects& /*effects*/) {}

  // The process did not run for so long, as a Stalled event is about to say.
  virtual void OnStall(core::Span /*length*/) {}

  // The events of this turn have been stepped: what is seen only by looking may be emitted now.
  virtual void Look(core::Instant /*now*/) {}

  // Everything of this turn is done, but for effects that wait for the next one.
  virtual void OnTurnEnd(core::Instant /*now*/) {}
};

}  // namespace fectl::driver

#endif  // MASTER_DRIVER_OUTSIDE_H_
