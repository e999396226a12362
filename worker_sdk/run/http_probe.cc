#include "worker_sdk/run/http_probe.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::run {
namespace {

// Of "HTTP/1.1 200": all that is looked at.
constexpr size_t kStatusBytes = 12;
// An answer that is longer counts when so much of it was read.
constexpr size_t kAnswerBytesMax = 64 * 1024;

std::string Request(const std::string& target) {
  return absl::StrCat("GET ", target,
                      " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: fectl-run\r\nConnection: close\r\n\r\n");
}

Fault FaultOf(int error) {
  return absl::StrCat("cannot be reached: ", strerror(error));
}

}  // namespace

std::optional<Fault> JudgeAnswer(std::string_view start) {
  if (start.size() < kStatusBytes) return std::nullopt;
  const std::string_view status = start.substr(9, 3);
  const bool digits = std::all_of(status.begin(), status.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!start.starts_with("HTTP/1.") || start[8] != ' ' || !digits) return "answered something else than HTTP";
  if (status[0] == '2' || status[0] == '3') return "";
  return absl::StrCat("answered ", std::string(status));
}

SocketAddress UnixAddress(const std::string& path) {
  const base::UnixAddress address(path);
  return {reinterpret_cast<const char*>(address.get()), address.size()};
}

SocketAddress AddressOf(int listener) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  return {reinterpret_cast<const char*>(&address), std::min<size_t>(length, sizeof address)};
}

HttpProbe::HttpProbe(const SocketAddress& address, const std::string& target) : unsent_(Request(target)) {
  sockaddr_storage copy = {};
  memcpy(&copy, address.data(), std::min(address.size(), sizeof copy));
  fd_ = base::UniqueFd(socket(copy.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Linux takes "all addresses" as a goal for this machine.
  const auto* const generic = reinterpret_cast<const sockaddr*>(&copy);
  const auto length = static_cast<socklen_t>(address.size());
  if (fd_.valid() && (connect(fd_.get(), generic, length) == 0 || errno == EINPROGRESS)) return;
  refused_ = FaultOf(errno);
  fd_.reset();
}

uint32_t HttpProbe::wanted_events() const {
  return unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
}

std::optional<Fault> HttpProbe::Proceed() {
  if (!fd_.valid()) return refused_;
  while (!unsent_.empty()) {
    const ssize_t sent = send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return std::nullopt;
    if (sent < 0) return FaultOf(errno);
    unsent_.erase(0, static_cast<size_t>(sent));
  }
  return Receive();
}

// Until the program has ended the connection: a reset in the middle of its answer would be an error in its
// log.
std::optional<Fault> HttpProbe::Receive() {
  char buffer[4096];
  while (received_.size() < kAnswerBytesMax) {
    const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    if (got <= 0) return JudgeAnswer(received_).value_or(Fault("closed the connection without an answer"));
    received_.append(buffer, static_cast<size_t>(got));
  }
  return JudgeAnswer(received_);
}

Fault HttpProbe::GiveUp() const {
  return JudgeAnswer(received_).value_or(Fault("did not answer in time"));
}

}  // namespace fectl::run
