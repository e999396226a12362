#ifndef MASTER_RUNTIME_DEMONSTRATION_H_
#define MASTER_RUNTIME_DEMONSTRATION_H_

#include <string>
#include <vector>

#include "master/runtime/workers/service_plan.h"

namespace fectl::runtime {

// What somebody who has just started the demonstration wants to know: where it serves, and three commands
// that can be pasted into another terminal in the workspace.
std::string DemonstrationHint(const std::vector<PlannedService>& services);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_DEMONSTRATION_H_
