#ifndef MASTER_EVENTS_EVENT_SINK_H_
#define MASTER_EVENTS_EVENT_SINK_H_

#include <cstdint>
#include <string>

namespace fectl::events {

// Where events go. Never blocks and never fails: what cannot be kept is counted, and told by the sink itself.
class EventSink {
 public:
  virtual ~EventSink() = default;

  // Sequences grow by one from call to call. `json`: one object, without a newline.
  virtual void AppendEvent(uint64_t sequence, std::string json) = 0;
};

}  // namespace fectl::events

#endif  // MASTER_EVENTS_EVENT_SINK_H_
