#ifndef MASTER_EXPLAIN_EXPLAIN_H_
#define MASTER_EXPLAIN_EXPLAIN_H_

#include "master/core/boundary/events.h"
#include "master/core/service/service.h"
#include "master/core/supervisor.h"
#include "proto_spec/control_details.h"

namespace fectl::explain {

// Why the service, which is one of the supervisor's, is as it is: one answer that is true now, from the state
// and the history alone. Of one worker: worker.h.
proto::WhyView ExplainService(const core::Supervisor& supervisor, const core::Service& service,
                              const core::Moment& at);

}  // namespace fectl::explain

#endif  // MASTER_EXPLAIN_EXPLAIN_H_
