#ifndef FECTL_CLIENT_INCIDENTS_INCIDENT_TEXT_H_
#define FECTL_CLIENT_INCIDENTS_INCIDENT_TEXT_H_

#include <string>
#include <vector>

#include "proto_spec/log_messages.h"

namespace fectl::client {

// A table for people, a line for each; escaped. Pure, as all of these.
std::string IncidentsText(const std::vector<proto::Incident>& incidents);
// {"incidents":[{"id":17,"t":MS,"bytes":N,"summary":{...}}]}, with a newline.
std::string IncidentsJson(const std::vector<proto::Incident>& incidents);

// One with all that was found out, for people; escaped.
std::string IncidentText(const proto::Incident& incident);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INCIDENTS_INCIDENT_TEXT_H_
