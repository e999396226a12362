#ifndef FECTL_CLIENT_INCIDENTS_RUN_INCIDENT_H_
#define FECTL_CLIENT_INCIDENTS_RUN_INCIDENT_H_

#include "client/context.h"

namespace fectl::client {

// fectl incident [list | show ID | export ID]: what was found out about workers that hung or crashed. Gives
// the exit code.
int RunIncident(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INCIDENTS_RUN_INCIDENT_H_
