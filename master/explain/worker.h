#ifndef MASTER_EXPLAIN_WORKER_H_
#define MASTER_EXPLAIN_WORKER_H_

#include <cstdint>
#include <string>

#include "master/core/boundary/events.h"
#include "master/core/service/service.h"
#include "proto_spec/control_details.h"

namespace fectl::explain {

// Why one worker, from 0, of the service is as it is. The service has so many slots.
proto::WhyView ExplainWorker(const core::Service& service, uint32_t index, const core::Moment& at);

// "worker 2 of web"; of a oneshot, which has one process, its name.
std::string NameOf(const core::Service& service, uint32_t index);

// How a command names it for a shell: 'web[2]', or the service where it has one worker alone.
std::string TargetOf(const core::Service& service, uint32_t index);

// What is said of processes of the slot that were told to leave; "" where there are none.
std::string LeavingWords(const core::Slot& slot, core::Instant now);

}  // namespace fectl::explain

#endif  // MASTER_EXPLAIN_WORKER_H_
