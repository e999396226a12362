// One GET over a socket, of whose answer only the status counts.
#ifndef FECTL_WORKER_SDK_RUN_HTTP_PROBE_H_
#define FECTL_WORKER_SDK_RUN_HTTP_PROBE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto_spec/base/unique_fd.h"

namespace fectl::run {

// What was wrong with the answer to a probe, as a clause without its subject; empty: nothing.
using Fault = std::string;

// Of the first bytes of an answer. Nothing: its status line is not whole yet.
std::optional<Fault> JudgeAnswer(std::string_view start);

// Where a probe connects to, in the kernel's own form; empty: nowhere.
using SocketAddress = std::string;
// Of the UNIX socket with that path.
SocketAddress UnixAddress(const std::string& path);
// On which that socket listens.
SocketAddress AddressOf(int listener);

class HttpProbe {
 public:
  HttpProbe(const SocketAddress& address, const std::string& target);

  // -1: it is over already.
  int fd() const { return fd_.get(); }
  // What epoll is to tell.
  uint32_t wanted_events() const;
  // Something of it has come. Goes as far as it can; the result, as soon as there is one.
  std::optional<Fault> Proceed();
  // What is to be said when its time is over.
  Fault GiveUp() const;

 private:
  std::optional<Fault> Receive();

  base::UniqueFd fd_;
  Fault refused_;  // the connection could not be made
  std::string unsent_;
  std::string received_;
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_HTTP_PROBE_H_
