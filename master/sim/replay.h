#ifndef MASTER_SIM_REPLAY_H_
#define MASTER_SIM_REPLAY_H_

#include <optional>
#include <string>

#include "master/sim/trace.h"

namespace fectl::sim {

// Hands a trace to a new supervisor under the same checks as in the world. What was decided is written down,
// one line for each effect behind its event, when `transcript` is given. The first broken rule, or nullopt.
std::optional<std::string> Replay(const Trace& trace, std::string* transcript = nullptr);

// Leaves out what does not matter for breaking the rule that the trace breaks: services, then events in ever
// smaller pieces, as long as the same rule is still broken. A trace that breaks nothing comes back as it is.
Trace Minimize(Trace trace);

}  // namespace fectl::sim

#endif  // MASTER_SIM_REPLAY_H_
