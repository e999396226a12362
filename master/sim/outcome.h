#ifndef MASTER_SIM_OUTCOME_H_
#define MASTER_SIM_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "master/core/basis/time.h"
#include "master/sim/rules/marks.h"
#include "master/sim/trace.h"

namespace fectl::sim {

struct Options {
  uint64_t seed = 1;
  core::Span chaos = core::Seconds(3600);  // before the faults end
  uint64_t journaled_steps = 0;            // restore from the journal after each of the first ones
  bool keep_trace = false;
  uint64_t wall_seed = 0;  // of the wall clock, on which nothing may depend
  // Of the order of what happens in one instant; 0: as it was planned. Another order is another run, in which
  // the rules hold as well.
  uint64_t order_seed = 0;
  uint32_t services = 0;  // 0: as the seed draws
  uint32_t workers = 0;   // of each service; 0: as the seed draws
};

struct Outcome {
  std::optional<std::string> broken;  // which rule, in words
  uint64_t hash = 0;                  // of every event and effect, in order
  uint64_t events = 0;
  core::Span virtual_time;
  Marks marks;
  Trace trace;  // empty unless kept
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_OUTCOME_H_
