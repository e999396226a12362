#ifndef FECTL_CLIENT_SESSION_LOG_STREAM_H_
#define FECTL_CLIENT_SESSION_LOG_STREAM_H_

#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/session/connect.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/frame.h"
#include "proto_spec/log_messages.h"

namespace fectl::client {

// A connection to the logger of a master, with one request on it, and the answers to that as they come
// (proto_spec/log_protocol.md).
class LogStream {
 public:
  // `control_path`: that of the master's control socket. Unavailable when no logger is there.
  static absl::StatusOr<LogStream> Open(const std::string& control_path, const Limits& limits,
                                        const proto::LogRequest& request);

  // Poll the descriptor for these events, and hand in what poll(2) found.
  int fd() const { return fd_.get(); }
  short poll_events() const;
  void OnReady(short revents);

  // The next answer; nullopt: none has come yet.
  std::optional<proto::LogAnswer> Take();

  // Ok while it lives. Then: Aborted when the logger closed it; DataLoss when it cannot be understood.
  // Answers that came before the end can still be taken.
  const absl::Status& end() const { return end_; }

 private:
  LogStream(base::UniqueFd fd, std::string unsent);
  void Send();
  void Receive();

  base::UniqueFd fd_;
  std::string unsent_;
  proto::FrameReader reader_;
  std::deque<proto::LogAnswer> answers_;
  absl::Status end_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_LOG_STREAM_H_
