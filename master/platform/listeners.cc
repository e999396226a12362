#include "master/platform/listeners.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string HostAndPort(const std::string& host, const std::string& port) {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

// As configured, for messages.
std::string Wanted(const ListenSpec& spec) {
  const char* const all = spec.protocol == ListenSpec::Protocol::kTcp6 ? "::" : "0.0.0.0";
  return HostAndPort(spec.host.empty() ? all : spec.host, absl::StrCat(spec.port));
}

absl::Status Error(const ListenSpec& spec, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot listen on ", Wanted(spec)));
}

absl::StatusOr<Addresses> Resolve(const ListenSpec& spec) {
  addrinfo hints = {};
  hints.ai_family = spec.protocol == ListenSpec::Protocol::kTcp6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = absl::StrCat(spec.port);
  const int error = getaddrinfo(spec.host.empty() ? nullptr : spec.host.c_str(), port.c_str(), &hints, &list);
  if (error == EAI_SYSTEM) return Error(spec, errno);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat("cannot listen on ", Wanted(spec), ": ", gai_strerror(error)));
  }
  return Addresses(list);
}

// 0, or errno with *fd not valid.
int ListenOn(const addrinfo& address, int backlog, UniqueFd* fd) {
  UniqueFd opened(
      socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!opened.valid()) return errno;
  const int on = 1;
  // Connections of the last run that are still winding down do not keep the port.
  if (setsockopt(opened.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  if (address.ai_family == AF_INET6 &&
      setsockopt(opened.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return errno;
  }
  if (bind(opened.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (listen(opened.get(), backlog) != 0) return errno;
  *fd = std::move(opened);
  return 0;
}

absl::StatusOr<std::string> BoundAddress(int fd) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(storage);
  void* const generic = &storage;
  sockaddr* const address = static_cast<sockaddr*>(generic);
  if (getsockname(fd, address, &length) != 0) return absl::ErrnoToStatus(errno, "cannot read an address");
  std::array<char, NI_MAXHOST> host = {};
  std::array<char, NI_MAXSERV> port = {};
  const int error = getnameinfo(address, length, host.data(), host.size(), port.data(), port.size(),
                                NI_NUMERICHOST | NI_NUMERICSERV);
  if (error != 0) return absl::InternalError(absl::StrCat("cannot print an address: ", gai_strerror(error)));
  return HostAndPort(host.data(), port.data());
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const ListenSpec& spec) {
  return spec.protocol == ListenSpec::Protocol::kUnix ? OpenUnix(spec) : OpenTcp(spec);
}

absl::StatusOr<Listener> Listener::OpenTcp(const ListenSpec& spec) {
  absl::StatusOr<Addresses> addresses = Resolve(spec);
  if (!addresses.ok()) return addresses.status();
  Listener listener;
  int first_error = 0;
  // A name may stand for several addresses; the first that this machine has is meant.
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    const int error = ListenOn(*address, spec.backlog, &listener.fd_);
    if (error != 0) {
      if (first_error == 0) first_error = error;
      continue;
    }
    listener.family_ = address->ai_family;
    listener.type_ = address->ai_socktype;
    listener.protocol_ = address->ai_protocol;
    listener.backlog_ = spec.backlog;
    absl::StatusOr<std::string> bound = BoundAddress(listener.fd());
    if (!bound.ok()) return bound.status();
    listener.address_ = *std::move(bound);
    return listener;
  }
  return Error(spec, first_error);
}

absl::StatusOr<Listener> Listener::OpenUnix(const ListenSpec& spec) {
  Listener listener;
  listener.unix_spec_ = {.path = spec.path,
                         .backlog = spec.backlog,
                         .mode = spec.mode.value_or(0666),
                         .owner = spec.owner,
                         .group = spec.group};
  absl::StatusOr<UnixListener> opened = UnixListener::Open(listener.unix_spec_);
  if (!opened.ok()) return opened.status();
  listener.unix_.emplace(*std::move(opened));
  listener.family_ = AF_UNIX;
  listener.type_ = SOCK_STREAM;
  listener.backlog_ = spec.backlog;
  listener.address_ = spec.path;
  return listener;
}

absl::Status Listener::OpenAnew() {
  if (!unix_.has_value()) return absl::FailedPreconditionError("only UNIX sockets are opened anew");
  absl::StatusOr<UnixListener> opened = UnixListener::Open(unix_spec_);
  if (!opened.ok()) return opened.status();
  if (absl::Status taken = opened->TakeNumber(unix_->Release()); !taken.ok()) return taken;
  unix_.emplace(*std::move(opened));
  return absl::OkStatus();
}

absl::Status Listener::ListenAgain() {
  if (unix_.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot listen on ", address_, " again: a UNIX socket that was shut down has to be opened anew"));
  }
  if (listen(fd(), backlog_) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen on ", address_, " again"));
  }
  const absl::StatusOr<std::string> bound = BoundAddress(fd());
  if (!bound.ok()) return bound.status();
  if (*bound == address_) return absl::OkStatus();
  const std::string before = std::exchange(address_, *bound);
  return absl::UnavailableError(absl::StrCat("the kernel gave ", address_, " in place of ", before));
}

}  // namespace fectl::platform
