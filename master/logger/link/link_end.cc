#include "master/logger/link/link_end.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "master/logger/link/link_messages.h"

namespace fectl::logger {
namespace {

constexpr size_t kFdsMax = 2;  // with one message

}  // namespace

bool LinkEnd::SendNow(const std::string& bytes, const std::vector<int>& fds) {
  iovec text = {const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsMax * sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
  }
  for (;;) {
    if (sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    // As many descriptors as may be on their way: the other end has to take some first.
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS) return false;
    ended_ = true;
    return true;
  }
}

bool LinkEnd::Send(std::string bytes, const std::vector<int>& fds) {
  if (ended_) return false;
  if (kept_.empty() && SendNow(bytes, fds)) return !ended_;
  if (kept_bytes_ + bytes.size() > kKeptBytesMax) return false;
  Kept kept{std::move(bytes), {}};
  for (const int fd : fds) kept.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  kept_bytes_ += kept.bytes.size();
  kept_.push_back(std::move(kept));
  return true;
}

void LinkEnd::Flush() {
  while (!kept_.empty()) {
    std::vector<int> fds;
    for (const base::UniqueFd& fd : kept_.front().fds) fds.push_back(fd.get());
    if (!SendNow(kept_.front().bytes, fds)) return;
    kept_bytes_ -= kept_.front().bytes.size();
    kept_.pop_front();
  }
}

std::optional<LinkEnd::Received> LinkEnd::Receive() {
  Received received;
  received.bytes.resize(2 * kLinkMessageBytesMax);
  iovec text = {received.bytes.data(), received.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsMax * sizeof(int))> control = {};
  msghdr message = {};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    ended_ = ended_ || got == 0 || errno != EAGAIN;
    return std::nullopt;
  }
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      received.fds.emplace_back(fd);
    }
  }
  received.bytes.resize(static_cast<size_t>(got));
  return received;
}

}  // namespace fectl::logger
