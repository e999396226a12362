#ifndef MASTER_RUNTIME_EVENT_SINK_H_
#define MASTER_RUNTIME_EVENT_SINK_H_

#include <cstdint>
#include <string>

#include "master/core/events.h"

namespace fectl::runtime {

// Takes note of what was seen of a worker. Nothing is decided inside: the events are stepped when all that
// was ready in this turn has been looked at.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Emit(core::Event event) = 0;
  // A message of the application's own, as JSON text. It is not the supervisor's business: whoever listens to
  // the service gets it.
  virtual void OnAppMessage(const core::Incarnation& who, int32_t pid, const std::string& json) = 0;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_EVENT_SINK_H_
