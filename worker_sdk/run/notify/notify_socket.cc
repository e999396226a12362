#include "worker_sdk/run/notify/notify_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fectl::run {
namespace {

constexpr size_t kDatagramBytesMax = 8 * 1024;
constexpr int kDescriptorsMax = 253;  // the kernel's own limit of one message
// Deeper than any program that notifies; a limit, because a process number may be given anew on the way.
constexpr int kAncestorsMax = 64;

// 0: not known.
pid_t ParentOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos || name_end + 4 >= text.size()) return 0;
  pid_t parent = 0;
  std::from_chars(text.data() + name_end + 4, text.data() + text.size(), parent);
  return parent;
}

// What came beside the text: the sender's number, and descriptors that are closed here.
pid_t ReadControl(msghdr* message) {
  pid_t sender = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials = {};
      memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      sender = credentials.pid;
    } else if (part->cmsg_type == SCM_RIGHTS) {
      for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
        int fd = -1;
        memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
        base::UniqueFd closed(fd);
      }
    }
  }
  return sender;
}

}  // namespace

bool BelongsTo(pid_t sender, pid_t program) {
  if (sender <= 0) return false;  // of another process number space
  const pid_t session = getsid(sender);
  if (session < 0) return errno == ESRCH;
  if (session == getsid(0)) return true;
  for (int i = 0; i < kAncestorsMax && sender > 1; ++i) {
    if (sender == program) return true;
    sender = ParentOf(sender);
  }
  return false;
}

absl::StatusOr<std::unique_ptr<NotifySocket>> NotifySocket::Open(const PrivateFolder& folder) {
  std::unique_ptr<NotifySocket> made(new NotifySocket());
  made->fd_ = base::UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made->fd_.valid()) return absl::ErrnoToStatus(errno, "socket");
  const int on = 1;
  if (setsockopt(made->fd_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return absl::ErrnoToStatus(errno, "SO_PASSCRED");
  }
  if (absl::Status bound = folder.Bind(made->fd_.get(), kNotifySocketFile); !bound.ok()) return bound;
  made->path_ = folder.File(kNotifySocketFile);
  return made;
}

NotifySocket::~NotifySocket() {
  if (!path_.empty()) unlink(path_.c_str());
}

std::optional<NotifySocket::Datagram> NotifySocket::Receive(pid_t program) {
  Datagram datagram;
  datagram.text.resize(kDatagramBytesMax);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kDescriptorsMax * sizeof(int))];
  iovec bytes = {datagram.text.data(), datagram.text.size()};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return std::nullopt;
  datagram.text.resize(static_cast<size_t>(got));
  datagram.sender = ReadControl(&message);
  datagram.foreign = !BelongsTo(datagram.sender, program);
  return datagram;
}

}  // namespace fectl::run
