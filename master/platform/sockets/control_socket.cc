#include "master/platform/sockets/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

#ifndef SO_PASSRIGHTS
constexpr int kPassRights = 83;  // newer than the C library's headers
#else
constexpr int kPassRights = SO_PASSRIGHTS;
#endif

// Empty: the kernel is too old to tell, or the client has none.
std::vector<gid_t> GroupsOf(int fd) {
  std::vector<gid_t> groups(32);
  while (true) {
    socklen_t bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0) {
      groups.resize(bytes / sizeof(gid_t));
      return groups;
    }
    // It says how much it wants.
    if (errno != ERANGE || bytes / sizeof(gid_t) <= groups.size()) return {};
    groups.resize(bytes / sizeof(gid_t));
  }
}

base::UniqueFd OpenSpare() {
  return base::UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool OutOfDescriptors(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Of a client that went away between connecting and now; the next one may be fine.
bool NobodyAfterAll(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

absl::StatusOr<ControlPeer> Known(base::UniqueFd fd) {
  ucred credentials = {};
  socklen_t length = sizeof(credentials);
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return absl::ErrnoToStatus(errno, "cannot ask who a control client is");
  }
  // Nobody may push descriptors into this process. Older kernels do not have the option; there a plain read()
  // drops them.
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, kPassRights, &off, sizeof(off));
  std::vector<gid_t> groups = GroupsOf(fd.get());
  return ControlPeer{std::move(fd), credentials.pid, credentials.uid, credentials.gid, std::move(groups)};
}

// Theirs who will serve, so that they can remove it in a folder like /tmp and take it over the next time.
absl::StatusOr<PidFile> TakeLock(const std::string& path, const Identity* owner) {
  const std::string lock_path = path + ".lock";
  absl::StatusOr<PidFile> lock = PidFile::Create(lock_path, 0600, owner);
  if (lock.ok() || !absl::IsAlreadyExists(lock.status())) return lock;
  return absl::AlreadyExistsError(
      absl::StrCat("another fectld (pid ", PidFile::NumberIn(lock_path), ") already serves ", path));
}

}  // namespace

ControlSocket::ControlSocket(PidFile lock, UnixListener listener, const ControlFile& file,
                             base::UniqueFd spare)
    : lock_(std::move(lock)), listener_(std::move(listener)), file_(file), spare_(std::move(spare)) {}

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::Open(const std::string& path,
                                                                   const ControlFile& file,
                                                                   const Identity* owner) {
  // Before the lock, so that an error names the path that was configured and not the lock's.
  if (absl::Status status = UnixListener::CheckPath(path); !status.ok()) return status;
  absl::StatusOr<PidFile> lock = TakeLock(path, owner);
  if (!lock.ok()) return lock.status();
  UnixListenSpec spec{.path = path, .mode = file.mode, .group = file.group};
  if (owner != nullptr) {
    spec.owner = owner->uid;
    if (!spec.group.has_value()) spec.group = owner->gid;
  }
  absl::StatusOr<UnixListener> listener = UnixListener::Open(spec);
  if (!listener.ok()) return listener.status();
  base::UniqueFd spare = OpenSpare();
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(*std::move(lock), *std::move(listener), file, std::move(spare)));
}

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::Adopt(const std::string& path,
                                                                    const ControlFile& file, Parts parts) {
  absl::StatusOr<PidFile> lock = PidFile::Adopt(path + ".lock", std::move(parts.lock));
  if (!lock.ok()) return lock.status();
  absl::StatusOr<UnixListener> listener =
      UnixListener::Adopt(path, std::move(parts.listener), parts.socket_file);
  if (!listener.ok()) return listener.status();
  base::UniqueFd spare = OpenSpare();
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(*std::move(lock), *std::move(listener), file, std::move(spare)));
}

absl::StatusOr<ControlSocket::Parts> ControlSocket::Copy() const {
  Parts parts{.lock = base::UniqueFd(fcntl(lock_.fd(), F_DUPFD_CLOEXEC, 0)),
              .listener = base::UniqueFd(fcntl(fd(), F_DUPFD_CLOEXEC, 0)),
              .socket_file = listener_->file_identity()};
  if (!parts.lock.valid() || !parts.listener.valid())
    return absl::ErrnoToStatus(errno, "cannot copy the control socket");
  return parts;
}

absl::StatusOr<std::optional<ControlPeer>> ControlSocket::Accept() {
  base::UniqueFd fd(accept4(this->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    absl::StatusOr<ControlPeer> peer = Known(std::move(fd));
    if (!peer.ok()) return peer.status();
    return std::optional<ControlPeer>(*std::move(peer));
  }
  const int error = errno;
  if (error == EAGAIN || NobodyAfterAll(error)) return std::nullopt;
  if (!OutOfDescriptors(error)) return absl::ErrnoToStatus(error, "cannot accept a control client");
  if (spare_.valid()) {
    spare_.reset();
    fd.reset(accept4(this->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    fd.reset();
  }
  spare_ = OpenSpare();
  return absl::ResourceExhaustedError("no descriptor is left for a control client");
}

absl::Status ControlSocket::Reopen() {
  absl::StatusOr<UnixListener> listener =
      UnixListener::Open({.path = path(), .mode = file_.mode, .group = file_.group});
  if (!listener.ok()) return listener.status();
  // Without its removal of the file, which is not the old listener's any more.
  listener_->Release().reset();
  listener_.emplace(*std::move(listener));
  return absl::OkStatus();
}

}  // namespace fectl::platform
