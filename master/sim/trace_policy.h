#ifndef MASTER_SIM_TRACE_POLICY_H_
#define MASTER_SIM_TRACE_POLICY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "master/core/boundary/policy.h"

namespace fectl::sim {

// What a service is to be, in the language of traces: "web num=2 timeout=10 canary=25%".

std::string PolicyToText(const core::ServicePolicy& policy);

// The other way, from the name on, which is words[first]; of events also "plan=3". An error is a sentence.
std::optional<std::string> ReadPlan(const std::vector<std::string>& words, size_t first, core::Plan* plan);

}  // namespace fectl::sim

#endif  // MASTER_SIM_TRACE_POLICY_H_
