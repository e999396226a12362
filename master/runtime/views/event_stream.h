#ifndef MASTER_RUNTIME_VIEWS_EVENT_STREAM_H_
#define MASTER_RUNTIME_VIEWS_EVENT_STREAM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "master/core/boundary/effects.h"
#include "master/core/supervisor.h"
#include "master/events/event_sink.h"
#include "master/events/record.h"
#include "master/runtime/workers/service_plan.h"

namespace fectl::runtime {

// All that happens, in one stream: what the supervisor reports, and what happens around it.
class EventStream {
 public:
  // Both outlive it; the supervisor gives the numbers.
  EventStream(core::Supervisor* supervisor, events::EventSink* sink) : supervisor_(supervisor), sink_(sink) {}

  // To be called before any of the effects is run, so that what follows from them comes behind.
  void Tell(const core::Effects& effects, const std::function<std::string(core::ServiceId)>& name_of);
  void Tell(const events::Fact& fact);
  // Of listeners that are new in the configuration, and of those that it has no longer.
  void TellOfSockets(const std::vector<SharedSocket>& sockets);

 private:
  events::Head HeadOf(core::EventNumber number) const;
  void Append(core::EventNumber number, std::string record);

  core::Supervisor* supervisor_;
  events::EventSink* sink_;
  std::map<ListenerId, std::pair<std::string, std::string>> sockets_;  // told of: name and address
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_VIEWS_EVENT_STREAM_H_
