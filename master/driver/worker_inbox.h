#ifndef MASTER_DRIVER_WORKER_INBOX_H_
#define MASTER_DRIVER_WORKER_INBOX_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/events.h"
#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"

namespace fectl::driver {

// Takes what was seen of a worker.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Takes note of it. Nothing is decided inside.
  virtual void Emit(core::Event event) = 0;
  // A message of the application's own, as JSON text. It is not the supervisor's business.
  virtual void OnAppMessage(const core::Incarnation& who, const std::string& json) = 0;
};

// The bytes that one worker writes, turned into events. After something that is no message of the protocol,
// which is an event as well, the rest of its bytes means nothing and is dropped. Pure.
class WorkerInbox {
 public:
  // `sink` outlives it.
  WorkerInbox(core::Incarnation who, EventSink* sink)
      : who_(who), sink_(sink), reader_(proto::kBaseFrameBytesMax) {}

  // Emits what the complete messages say. Bytes of a message that is not complete are kept.
  void Append(std::string_view bytes);

  // The newest bytes are the beginning of a message whose end has not come.
  bool inside_message() const { return !broken_ && reader_.mid_frame(); }
  bool broken() const { return broken_; }
  bool loaded() const { return loaded_; }
  int level() const { return level_; }               // of the protocol; 1 until it is loaded
  const std::string& note() const { return note_; }  // its newest status
  const std::vector<std::pair<std::string, double>>& gauges() const { return gauges_; }  // its newest

 private:
  void OnMessage(proto::WorkerMessage message);

  core::Incarnation who_;
  EventSink* sink_;
  proto::FrameReader reader_;
  int level_ = 1;
  bool loaded_ = false;
  bool broken_ = false;
  std::string note_;
  std::vector<std::pair<std::string, double>> gauges_;
};

}  // namespace fectl::driver

#endif  // MASTER_DRIVER_WORKER_INBOX_H_
