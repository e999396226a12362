#ifndef MASTER_RUNTIME_EVENT_LOG_H_
#define MASTER_RUNTIME_EVENT_LOG_H_

#include <string_view>

#include "master/core/effects.h"

namespace fectl::runtime {

// One log line for one thing that happened to a worker: service, worker, pid, what, why.
void LogReport(std::string_view service, const core::Report& report);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_EVENT_LOG_H_
