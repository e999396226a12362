// Sockets on which clients come: those of fectld, and, by hand, our own.
#ifndef FECTL_CLIENT_HTTP_LISTENER_H_
#define FECTL_CLIENT_HTTP_LISTENER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::http {

class Listener {
 public:
  // "127.0.0.1:9180", "[::1]:9180", or the absolute path of a UNIX socket, which is removed at the end.
  // InvalidArgument: it is no address, or one that other machines reach, and `remote` is not set.
  static absl::StatusOr<Listener> Open(const std::string& address, bool remote);
  // Of fectld, which named it so. InvalidArgument: other machines reach it.
  static absl::StatusOr<Listener> Adopt(int fd, const std::string& name, bool remote);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int fd() const { return fd_.get(); }
  // In words for people, with the port that it has in fact: "http://127.0.0.1:9180/".
  const std::string& url() const { return url_; }
  // The next client, non-blocking; none when nobody waits, or it is gone, or there is no room for it.
  base::UniqueFd Accept() const;

 private:
  Listener(base::UniqueFd fd, std::string path, std::string url);

  base::UniqueFd fd_;
  std::string path_;  // to be removed
  std::string url_;
};

// The address at this end of a connection: "127.0.0.1", "::1"; "" for a UNIX socket.
std::string LocalAddress(int fd);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_LISTENER_H_
