#ifndef FECTL_CLIENT_EVENTS_EVENT_TEXT_H_
#define FECTL_CLIENT_EVENTS_EVENT_TEXT_H_

#include <string>
#include <string_view>

#include "proto_spec/log_messages.h"

namespace fectl::client {

// An event as a line for people:
// "2026-11-28T01:02:03.456Z  1043 worker.lost web/3 pid 4711: exited with code 3". What it has besides the
// reason stands behind it as "name=value". Escaped, without its end.
std::string EventText(const proto::EventLine& event);
// "events 5 to 17 are missing: they were not kept, or not read in time".
std::string GapText(const proto::EventGap& gap);

// {"type":"gap","from":5,"to":17}
std::string GapJson(const proto::EventGap& gap);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_EVENT_TEXT_H_
