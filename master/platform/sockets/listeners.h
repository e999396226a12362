#ifndef MASTER_PLATFORM_SOCKETS_LISTENERS_H_
#define MASTER_PLATFORM_SOCKETS_LISTENERS_H_

#include <netdb.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/platform/sockets/passed_sockets.h"
#include "master/platform/sockets/unix_listener.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

struct ListenSpec {
  enum class Protocol { kTcp4, kTcp6, kUnix, kAny };  // kAny: only of a passed socket

  Protocol protocol = Protocol::kTcp4;
  std::string host = {};  // name or address; empty: all addresses. Not for kUnix
  // What `host` stands for, as numbers, where that was looked up; empty: it is looked up. Not for kUnix.
  std::vector<std::string> addresses = {};
  int port = 0;           // 0: the kernel chooses. Not for kUnix
  std::string path = {};  // kUnix only
  int backlog = 128;
  // Of the file; kUnix only. Without a mode: 0666, as a connection to a TCP port is open to everybody too.
  std::optional<mode_t> mode = {};
  std::optional<uid_t> owner = {};
  std::optional<gid_t> group = {};
  // Another listener of this process may have an address that covers this one, or the other way round: see
  // Listener::ShareAddress().
  bool beside_another = false;
  // Where this is set, Open() opens nothing: it takes the socket that was passed under that name, if it is
  // what the rest says; a host, port 0 and a path that are not given are any. Outlives the listener.
  const PassedSockets* passed = nullptr;
  std::string passed_name = {};
};

// A listening socket for workers. Close-on-exec (the launcher passes it on by number) and non-blocking:
// several workers accept from it, and one that loses the race must not hang in accept().
class Listener {
 public:
  // What Open() would listen on, as configured: "127.0.0.1:8080", "localhost:8080", or the path.
  static std::string AddressIn(const ListenSpec& spec);

  // TCP: SO_REUSEADDR; never SO_REUSEPORT, whose second listener takes waiting connections with it when it
  // closes; IPv6 sockets take no IPv4. Resolves names, which may be slow: not for the loop. Errors read
  // "cannot listen on 127.0.0.1:80: Permission denied". Where the address is in use they name the process
  // that uses it; then they are ResourceExhausted where that will end by itself (see SocketHolders), and
  // Unavailable where no process is to be seen: another user's, or one that is just ending.
  static absl::StatusOr<Listener> Open(const ListenSpec& spec);

  // One that listens already: `fd`, which another process opened or which comes from before an exec, as
  // `spec` says. `file`: of a UNIX socket, what file_identity() was. InvalidArgument where `fd` is another
  // kind of thing.
  static absl::StatusOr<Listener> Adopt(const ListenSpec& spec, base::UniqueFd fd,
                                        const FileIdentity& file = {});

  // The numeric addresses that Open() tries, in this order; TCP only. May be slow as Open(). Errors read like
  // those of Open().
  static absl::StatusOr<std::vector<std::string>> AddressesOf(const ListenSpec& spec);

  // What Open() would say of the host and the port, but for a port that is taken: perhaps by a fectld that
  // runs already. Nothing is listened on. TCP only.
  static absl::Status CheckHost(const ListenSpec& spec);

  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;

  // From here on listeners with `beside_another` may take an address that overlaps with this one's: all
  // addresses of a port, and one of them. Connections go to the one with the single address. What is in the
  // queue stays there. The kernel allows it to processes of the same user, and cannot be told to stop. TCP
  // only.
  absl::Status ShareAddress();

  // How long the queue is, and the mode and the owner of a UNIX socket's file, from here on. What is in the
  // queue stays there.
  absl::Status Change(const ListenSpec& spec);

  // From here on nobody new comes into the queue, of whoever has the listener; what is in it can be accepted.
  // Before the last of them stops to accept. TCP: a client tries again, after a second, and finds another
  // listener or none. UNIX: the file is removed. A passed socket is left as it is: others have it, and will
  // have.
  absl::Status TurnAway();
  // Undoes it. For a UNIX socket this is OpenAnew(), with what that says.
  absl::Status TakeBack();

  // From here on the listener has the number of `fd`, which is closed.
  absl::Status TakeNumber(base::UniqueFd fd);

  int fd() const { return unix_.has_value() ? unix_->fd() : fd_.get(); }
  // UNIX sockets: of the file. For Adopt().
  FileIdentity file_identity() const { return unix_.has_value() ? unix_->file_identity() : FileIdentity{}; }

  // As getaddrinfo() gave them: (AF_INET, SOCK_STREAM, IPPROTO_TCP); for UNIX sockets (AF_UNIX, SOCK_STREAM,
  // 0).
  int family() const { return family_; }
  int type() const { return type_; }
  int protocol() const { return protocol_; }

  // "127.0.0.1:8080" with the port in use, "[::1]:8080", or the path.
  const std::string& address() const { return address_; }

  // A worker can end the listening for every holder with shutdown(). A watch for EPOLLRDHUP (and not EPOLLIN)
  // reports it: TCP sockets report EPOLLHUP then, UNIX sockets EPOLLRDHUP. This takes it up again on the
  // same port or path. A UNIX socket stays dead, so there it is a new one under the same descriptor number
  // (unwatch it before): whoever was given the old one has to be given the new one.
  absl::Status ListenAgain();

  // False for a UNIX socket whose file somebody removed or replaced, so that nobody can connect any more.
  bool Reachable() const { return !unix_.has_value() || unix_->FileIsOurs(); }

  // UNIX sockets: a new listener with a new file under the same path and descriptor number. Whoever has the
  // old one from before keeps it, and what waits in its queue. Not watched: unwatch fd() before. After an
  // error the old one stays.
  absl::Status OpenAnew();

 private:
  Listener() = default;

  static absl::StatusOr<Listener> OpenTcp(const ListenSpec& spec);
  static absl::StatusOr<Listener> OpenUnix(const ListenSpec& spec);
  static absl::StatusOr<Listener> OpenPassed(const ListenSpec& spec);
  // This, whose descriptor listens on the address.
  absl::StatusOr<Listener> Completed(const addrinfo& address, const ListenSpec& spec);

  base::UniqueFd fd_;
  std::optional<UnixListener> unix_;
  UnixListenSpec unix_spec_;
  int family_ = 0;
  int type_ = 0;
  int protocol_ = 0;
  int backlog_ = 0;
  bool passed_ = false;
  std::string address_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SOCKETS_LISTENERS_H_
