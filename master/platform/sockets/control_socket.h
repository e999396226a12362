#ifndef MASTER_PLATFORM_SOCKETS_CONTROL_SOCKET_H_
#define MASTER_PLATFORM_SOCKETS_CONTROL_SOCKET_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/files/pid_file.h"
#include "master/platform/sockets/unix_listener.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// A connected control client. The credentials are those at the time of connect().
struct ControlPeer {
  base::UniqueFd fd;  // does not block, close-on-exec
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups = {};  // supplementary
};

// Who can connect, whatever the umask is.
struct ControlFile {
  mode_t mode = 0600;
  std::optional<gid_t> group = {};  // nullopt: the owner's
};

// The listener of the control channel, with the permissions of its file from its first moment, and the lock
// PATH.lock which decides who may serve it. A master that finds the lock free owns the path: a socket file
// there is a dead master's and is replaced.
class ControlSocket {
 public:
  // Errors are for people: "another fectld (pid 123) already serves /run/fectld.sock", a folder that is
  // missing, a path that is too long, a stranger's socket or file in the way.
  //
  // `owner`: who the socket's file belongs to from its first moment (a master that will switch to that user);
  // nullptr: the present user. Borrowed for the call.
  static absl::StatusOr<std::unique_ptr<ControlSocket>> Open(const std::string& path,
                                                             const ControlFile& file = {},
                                                             const Identity* owner = nullptr);

  // What a control socket is made of, for another process or for the time after an exec. The descriptors are
  // the receiver's.
  struct Parts {
    base::UniqueFd lock;
    base::UniqueFd listener;
    FileIdentity socket_file;
  };
  // Errors as those of PidFile::Adopt() and UnixListener::Adopt().
  static absl::StatusOr<std::unique_ptr<ControlSocket>> Adopt(const std::string& path,
                                                              const ControlFile& file, Parts parts);
  // Copies, for Adopt(). This object goes on; where both end, the later one removes the files.
  absl::StatusOr<Parts> Copy() const;

  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  // Removes the socket's file and then the lock, each only if still ours.
  ~ControlSocket() = default;

  // Readable when a client waits. Changes with Reopen().
  int fd() const { return listener_->fd(); }
  const std::string& path() const { return listener_->path(); }

  // nullopt: nobody waits. ResourceExhausted: no descriptor is left; one waiting client has been sent away so
  // that it does not hang, and the caller should look away for a while (100 ms), as the listener stays
  // readable.
  absl::StatusOr<std::optional<ControlPeer>> Accept();

  // False: somebody removed or replaced the file, so that no client finds us. Reopen() then helps.
  bool Reachable() const { return listener_->FileIsOurs(); }

  // Makes the file anew. Unwatch fd() before, watch the new one after. After an error the old listener stays.
  absl::Status Reopen();

 private:
  ControlSocket(PidFile lock, UnixListener listener, const ControlFile& file, base::UniqueFd spare);

  PidFile lock_;  // before the listener: taken first, given up last
  std::optional<UnixListener> listener_;
  ControlFile file_;
  base::UniqueFd spare_;  // given up to accept and send a client away when no descriptor is left
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_CONTROL_SOCKET_H_
