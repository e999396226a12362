// The events of one client: asked of the logger, and again where it is replaced, so that none is missing.
#ifndef FECTL_CLIENT_HTTP_EVENT_PUMP_H_
#define FECTL_CLIENT_HTTP_EVENT_PUMP_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/session/log_stream.h"
#include "proto_spec/log_messages.h"

namespace fectl::http {

class EventPump {
 public:
  EventPump(std::string control_path, proto::EventsRequest request)
      : path_(std::move(control_path)), request_(std::move(request)) {}

  // Unavailable: there is no logger. `now`: unix seconds.
  absl::Status Open(int64_t now_ms, int64_t now);

  // -1: there is none to be polled.
  int fd() const { return stream_.has_value() ? stream_->fd() : -1; }
  short poll_events() const { return stream_.has_value() ? stream_->poll_events() : short{0}; }
  void OnReady(short revents);
  // Where the logger was lost it is looked for again.
  void OnTime(int64_t now_ms, int64_t now);
  int64_t wake_ms() const { return wake_ms_; }

  // The next frame, or a sign that nothing happens when that is due. "": none now.
  std::string TakeFrame(int64_t now_ms);
  // It was refused: no frame follows.
  bool ended() const { return ended_; }

 private:
  std::string path_;
  proto::EventsRequest request_;
  std::optional<client::LogStream> stream_;
  int64_t opened_at_ = 0;  // unix seconds; 0: never
  int64_t wake_ms_ = 0;
  bool ended_ = false;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_EVENT_PUMP_H_
