#ifndef MASTER_RUNTIME_OWN_LOG_EVENT_LOG_H_
#define MASTER_RUNTIME_OWN_LOG_EVENT_LOG_H_

#include <string>
#include <string_view>

#include "master/core/boundary/effects.h"
#include "master/runtime/own_log/log_output.h"
#include "proto_spec/control_messages.h"

namespace fectl::runtime {

// One log line for one thing that happened to a worker: service, worker, pid, what, why.
void LogReport(std::string_view service, const core::Report& report, LogOutput* log);

// "Reload web", for the log: on one line and short, whatever the client wrote as a name.
std::string RequestWords(const proto::Request& request);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_OWN_LOG_EVENT_LOG_H_
