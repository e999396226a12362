#ifndef MASTER_RUNTIME_VIEWS_STATUS_VIEW_H_
#define MASTER_RUNTIME_VIEWS_STATUS_VIEW_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/basis/time.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/core/service/service.h"
#include "master/runtime/logs/last_words.h"
#include "master/runtime/workers/service_plan.h"
#include "master/runtime/workers/worker_set.h"
#include "proto_spec/base_status.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// The supervisor's state in the words of the control protocol. Reads, never changes.

// Without workers and events.
proto::ServiceView Summarize(const core::Service& service, const ServicePlan& plan, core::Instant now);

// With workers, and without events.
proto::ServiceView DescribeWorkers(const core::Service& service, const ServicePlan& plan,
                                   const WorkerSet& workers, core::Instant now);

// With everything.
proto::ServiceView Describe(const core::Service& service, const ServicePlan& plan, const WorkerSet& workers,
                            core::Instant now);

// What those workers wrote last whose process has failed, and that none has followed.
void AddLastLines(const core::Service& service, const LastWords& words, proto::ServiceView* view);

proto::BaseServiceStatus DescribeForBase(const core::Service& service);

// The pids of the processes on duty, as existing clients get them.
std::vector<std::string> PidsOnDuty(const core::Service& service);

// For the log: "web (pid 12, 13)"; of many pids the first ones.
std::string WorkersInWords(const core::Service& service);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_VIEWS_STATUS_VIEW_H_
