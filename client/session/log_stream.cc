#include "client/session/log_stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <string_view>
#include <utility>

#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr size_t kReadBytes = 65536;

absl::Status Unavailable(const std::string& text) {
  return absl::UnavailableError(absl::string_view(text.data(), text.size()));
}

}  // namespace

LogStream::LogStream(base::UniqueFd fd, std::string unsent)
    : fd_(std::move(fd)),
      unsent_(std::move(unsent)),
      reader_(proto::kLogAnswerBytesMax, /*long_frames=*/true) {}

absl::StatusOr<LogStream> LogStream::Open(const std::string& control_path, const Limits& limits,
                                          const proto::LogRequest& request) {
  const std::string path = control_path + std::string(proto::kLogSocketSuffix);
  absl::StatusOr<base::UniqueFd> fd = Connect(path, limits);
  if (absl::IsUnavailable(fd.status())) {
    // Where there is no fectld, that is the reason.
    const absl::Status master = Connect(control_path, limits).status();
    if (!master.ok()) return master;
    return Unavailable("the logger of fectld cannot be reached: " + base::EscapeForTerminal(path) +
                       " is not there, not open to this user, or the logger is being started");
  }
  if (!fd.ok()) return fd.status();
  std::string frame;
  const absl::Status fits = proto::AppendFrame(proto::EncodeLogRequest(request), proto::Level::kTwo, &frame);
  if (!fits.ok()) return fits;
  return LogStream(*std::move(fd), std::move(frame));
}

short LogStream::poll_events() const {
  return static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
}

void LogStream::OnReady(short revents) {
  if ((revents & POLLOUT) != 0) Send();
  if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0) Receive();
}

void LogStream::Send() {
  const ssize_t sent = send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    unsent_.erase(0, static_cast<size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    unsent_.clear();  // its last words can still be read, and then comes the end
  }
}

void LogStream::Receive() {
  std::string buffer(kReadBytes, '\0');
  const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    end_ = absl::AbortedError("the logger closed the connection");
    return;
  }
  reader_.Append(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
  for (;;) {
    const absl::StatusOr<std::optional<std::string_view>> payload = reader_.Next();
    if (!payload.ok()) {
      end_ = absl::DataLossError(payload.status().message());
      return;
    }
    if (!payload->has_value()) return;
    absl::StatusOr<proto::LogAnswer> answer = proto::DecodeLogAnswer(**payload);
    if (!answer.ok()) {
      end_ = absl::DataLossError(answer.status().message());
      return;
    }
    answers_.push_back(*std::move(answer));
  }
}

std::optional<proto::LogAnswer> LogStream::Take() {
  if (answers_.empty()) return std::nullopt;
  proto::LogAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

}  // namespace fectl::client
