#ifndef FECTL_MASTER_LOGGER_SINKS_SOCKET_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_SOCKET_SINK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "master/logger/sinks/sink.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

// A sink that gives each line as one datagram to a UNIX socket of another program. It connects again when
// that program was started anew, or when the settings name another socket.
class SocketSink : public Sink {
 public:
  SocketSink(ServiceLog* log, Target target, SinkObserver* observer) : Sink(log, target, observer) {}

  // How long a message may wait for room.
  static constexpr int64_t kSendWaitMs = 1'000;

  void Reopen() override;

 protected:
  // Where the messages go.
  virtual const std::string& PathOf(const ServiceSettings& settings) const = 0;
  virtual std::string MessageOf(const ServiceSettings& settings, const proto::LogLine& line) const = 0;
  // Of a message that the kernel calls too big. `socket` is connected.
  virtual absl::Status SendBig(int socket, std::string_view message) = 0;

 private:
  absl::Status Prepare(const ServiceSettings& settings) override;
  absl::Status Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) override;
  absl::Status Send(std::string_view message);
  absl::Status SendOnce(std::string_view message);
  absl::Status Connect();

  base::UniqueFd socket_;
  std::string path_;  // that it is connected to
};

// One datagram, on a connected socket that may wait. DeadlineExceeded: there was no room in its time.
// OutOfRange: the kernel calls it too big.
absl::Status SendDatagram(int socket, std::string_view message);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_SOCKET_SINK_H_
