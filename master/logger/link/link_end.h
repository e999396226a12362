#ifndef FECTL_MASTER_LOGGER_LINK_LINK_END_H_
#define FECTL_MASTER_LOGGER_LINK_LINK_END_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// One end of the pair of sockets between a master and its logger: messages with descriptors, never a wait.
// One thread.
class LinkEnd {
 public:
  // `socket` keeps messages apart (SOCK_SEQPACKET).
  explicit LinkEnd(base::UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  // Sends it, or keeps it until Flush(). False: the other end is gone, or as much is kept as may be and
  // the message is lost. The descriptors are copied where they are kept.
  bool Send(std::string bytes, const std::vector<int>& fds = {});
  // What was kept. Call it when the socket can be written to.
  void Flush();
  bool has_kept() const { return !kept_.empty(); }

  struct Received {
    std::string bytes;
    std::vector<base::UniqueFd> fds;
  };
  // nullopt: nothing is there, or the other end is gone (`ended`).
  std::optional<Received> Receive();
  bool ended() const { return ended_; }

  // Messages that wait, in bytes: a second of many events.
  static constexpr size_t kKeptBytesMax = size_t{4} << 20;

 private:
  struct Kept {
    std::string bytes;
    std::vector<base::UniqueFd> fds;
  };
  // False: it has to wait.
  bool SendNow(const std::string& bytes, const std::vector<int>& fds);

  base::UniqueFd socket_;
  std::deque<Kept> kept_;
  size_t kept_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LINK_LINK_END_H_
