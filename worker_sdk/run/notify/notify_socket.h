// The socket of NOTIFY_SOCKET: private to this process's user, and read only from the program and from what
// it has started.
#ifndef FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFY_SOCKET_H_
#define FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFY_SOCKET_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/run/notify/private_folder.h"

namespace fectl::run {

class NotifySocket {
 public:
  static absl::StatusOr<std::unique_ptr<NotifySocket>> Open(const PrivateFolder& folder);
  // Removes the file.
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

  struct Datagram {
    std::string text;
    pid_t sender = 0;
    // Neither the program nor anything that it has started.
    bool foreign = false;
  };
  // The next one, or nothing. Descriptors that come with it are closed, which is also the answer to
  // BARRIER=1.
  std::optional<Datagram> Receive(pid_t program);

 private:
  NotifySocket() = default;

  std::string path_;
  base::UniqueFd fd_;
};

// True of a process of our session, of a descendant of `program`, and of one that has ended meanwhile. The
// last is not known to be one of the program's, but had to be of our user to reach the socket.
bool BelongsTo(pid_t sender, pid_t program);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFY_SOCKET_H_
