#include "master/logger/sinks/socket_sink.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/logger/lines/line_text.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::logger {

absl::Status SendDatagram(int socket, std::string_view message) {
  ssize_t sent = 0;
  do {
    sent = send(socket, message.data(), message.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return absl::OkStatus();
  if (errno == EAGAIN) return absl::DeadlineExceededError("it does not read what is sent to it");
  if (errno == EMSGSIZE) return absl::OutOfRangeError("the line is too long for it");
  return absl::ErrnoToStatus(errno, "sending a line");
}

void SocketSink::Reopen() {
  Sink::Reopen();
  socket_.reset();
}

absl::Status SocketSink::Prepare(const ServiceSettings& settings) {
  const std::string& path = PathOf(settings);
  if (socket_.valid() && path == path_) return absl::OkStatus();
  path_ = path;
  return Connect();
}

absl::Status SocketSink::Connect() {
  const base::UnixAddress address(path_);
  socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return absl::ErrnoToStatus(errno, "a socket");
  const timeval wait = {kSendWaitMs / 1000, kSendWaitMs % 1000 * 1000};
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
      connect(socket_.get(), address.get(), address.size()) == 0)
    return absl::OkStatus();
  const absl::Status status = absl::ErrnoToStatus(errno, "connecting to it");
  socket_.reset();
  return status;
}

absl::Status SocketSink::SendOnce(std::string_view message) {
  absl::Status sent = SendDatagram(socket_.get(), message);
  return absl::IsOutOfRange(sent) ? SendBig(socket_.get(), message) : sent;
}

// A second time on a new socket: the program that listened may have been replaced by another.
absl::Status SocketSink::Send(std::string_view message) {
  absl::Status sent = SendOnce(message);
  if (sent.ok() || absl::IsDeadlineExceeded(sent)) return sent;
  if (absl::Status connected = Connect(); !connected.ok()) return connected;
  return SendOnce(message);
}

absl::Status SocketSink::Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) {
  absl::Status status;
  const auto send_line = [&](const proto::LogLine& line) {
    const auto number = static_cast<uint64_t>(line.n.value_or(0));
    if (!status.ok() || number < state().number) return;
    status = Send(MessageOf(settings, line));
    if (status.ok()) state().number = number + 1;
  };
  bool first = true;
  WalkRecords(batch.records, [&](const RecordHead& head, std::string_view text) {
    if (std::exchange(first, false) && !batch.notice.empty()) {
      status = Send(MessageOf(settings, ToLine(settings.name, OwnRecord(now_ms), batch.notice, 0)));
      if (status.ok()) state().number = head.number;
    }
    ForEachLine(settings.name, head, text, send_line);
  });
  if (!status.ok()) {
    if (!absl::IsDeadlineExceeded(status)) socket_.reset();
    return status;
  }
  NoteWritten(batch);
  return absl::OkStatus();
}

}  // namespace fectl::logger
