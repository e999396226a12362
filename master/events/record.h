#ifndef MASTER_EVENTS_RECORD_H_
#define MASTER_EVENTS_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "proto_spec/events/event_types.h"

namespace fectl::events {

// What all events have.
struct Head {
  core::EventNumber number = 0;
  uint16_t boot = 0;
  int64_t t_ms = 0;  // unix time
};

// Records of events as JSON texts, without a newline: what event_types.md says.

// Of what the supervisor reports. `service`: its name.
std::string RecordOf(const Head& head, std::string_view service, const core::Report& report);
std::string RecordOf(const Head& head, std::string_view service, const core::ServiceReport& report);

// What happened outside of the supervisor. Members of `data` without a text are left out.
struct Fact {
  proto::EventType type = proto::EventType::kMasterStarted;
  std::string service = {};
  std::vector<std::pair<std::string_view, std::string>> texts = {};
  std::vector<std::pair<std::string_view, int64_t>> numbers = {};
};
std::string RecordOf(const Head& head, const Fact& fact);

// The type that a report is an event of.
proto::EventType TypeOf(const core::Record& record);
proto::EventType TypeOf(const core::ServiceReport& report);

}  // namespace fectl::events

#endif  // MASTER_EVENTS_RECORD_H_
