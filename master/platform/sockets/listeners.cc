#include "master/platform/sockets/listeners.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/platform/sockets/adopted.h"
#include "master/platform/sockets/bound_address.h"
#include "master/platform/sockets/socket_holder.h"

namespace fectl::platform {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// As configured, for messages.
std::string Wanted(const ListenSpec& spec) {
  const char* const all = spec.protocol == ListenSpec::Protocol::kTcp6 ? "::" : "0.0.0.0";
  return HostAndPort(spec.host.empty() ? all : spec.host, absl::StrCat(spec.port));
}

absl::Status Error(const ListenSpec& spec, int error) {
  absl::Status status = absl::ErrnoToStatus(error, absl::StrCat("cannot listen on ", Wanted(spec)));
  if (error != EADDRNOTAVAIL) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), " (no interface of this machine has it)"));
}

absl::Status NoAddress(const ListenSpec& spec, std::string_view why) {
  return absl::NotFoundError(
      absl::StrCat("cannot listen on ", Wanted(spec), ": ", absl::string_view(why.data(), why.size())));
}

// The C library gives IPv4 addresses in IPv6 form for names that have no others (as 127.0.0.1 in /etc/hosts),
// and a socket that takes no IPv4 cannot listen on them.
bool IsIpv4InIpv6Form(const addrinfo& address) {
  if (address.ai_family != AF_INET6) return false;
  sockaddr_in6 inet6 = {};
  memcpy(&inet6, address.ai_addr, sizeof inet6);
  return IN6_IS_ADDR_V4MAPPED(&inet6.sin6_addr);
}

// Whether the host has addresses of the other family, so that `proto` is what is wrong.
bool OtherFamilyKnows(const ListenSpec& spec) {
  addrinfo hints = {};
  hints.ai_family = spec.protocol == ListenSpec::Protocol::kTcp6 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(spec.host.c_str(), nullptr, &hints, &list) != 0) return false;
  const Addresses found(list);
  return !IsIpv4InIpv6Form(*found);
}

// `error` is that the address is in use. Who uses it is looked up behind that, and may have gone.
absl::Status InUse(const absl::Status& error, const std::optional<SocketHolders>& holders) {
  if (!holders.has_value()) return absl::Status(absl::StatusCode::kUnavailable, error.message());
  absl::StatusCode code = error.code();
  if (!holders->service.empty()) code = absl::StatusCode::kResourceExhausted;
  if (holders->pids.empty()) code = absl::StatusCode::kUnavailable;
  return absl::Status(code, absl::StrCat(error.message(), " by ", holders->ToString()));
}

// `host`: a name, an address, or empty for all addresses.
absl::StatusOr<Addresses> Resolve(const ListenSpec& spec, const std::string& host) {
  addrinfo hints = {};
  hints.ai_family = spec.protocol == ListenSpec::Protocol::kTcp6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = absl::StrCat(spec.port);
  const int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &list);
  if (error == EAI_SYSTEM) return Error(spec, errno);
  Addresses addresses(list);
  if (error == 0 && !IsIpv4InIpv6Form(*addresses)) return addresses;
  const bool tcp6 = spec.protocol == ListenSpec::Protocol::kTcp6;
  if (!host.empty() && OtherFamilyKnows(spec)) {
    return NoAddress(spec,
                     tcp6 ? R"(the name has no IPv6 address, only IPv4 ones: proto = "tcp4" takes those)"
                          : R"(the name has no IPv4 address, only IPv6 ones: proto = "tcp6" takes those)");
  }
  return NoAddress(spec, error == 0 ? "the name has no IPv6 address" : gai_strerror(error));
}

// 0, or errno with *fd not valid.
int BindTo(const addrinfo& address, bool beside_another, base::UniqueFd* fd) {
  base::UniqueFd opened(
      socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!opened.valid()) return errno;
  const int on = 1;
  // Connections of the last run that are still winding down do not keep the port.
  if (setsockopt(opened.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  if (address.ai_family == AF_INET6 &&
      setsockopt(opened.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return errno;
  }
  if (beside_another && setsockopt(opened.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
    return errno;
  if (bind(opened.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  *fd = std::move(opened);
  return 0;
}

// 0, or errno with *fd not valid.
int BindToChosenPort(const addrinfo& address, base::UniqueFd* fd) {
  base::UniqueFd chosen;
  if (const int error = BindTo(address, false, &chosen); error != 0) return error;
  // The kernel takes a port that it chose back when the listening ends, as by a worker's shutdown(). So a
  // second socket is bound to it by number, while the first one keeps it from others.
  sockaddr_storage number = {};
  addrinfo by_number = address;
  void* const generic = &number;
  by_number.ai_addr = static_cast<sockaddr*>(generic);
  by_number.ai_addrlen = sizeof(number);
  if (getsockname(chosen.get(), by_number.ai_addr, &by_number.ai_addrlen) != 0) return errno;
  return BindTo(by_number, false, fd);
}

// 0, or errno with *fd not valid.
int ListenOn(const addrinfo& address, const ListenSpec& spec, base::UniqueFd* fd) {
  base::UniqueFd bound;
  const int error =
      spec.port == 0 ? BindToChosenPort(address, &bound) : BindTo(address, spec.beside_another, &bound);
  if (error != 0) return error;
  if (listen(bound.get(), spec.backlog) != 0) return errno;
  *fd = std::move(bound);
  return 0;
}

// Without the port. Empty: `error` is of getnameinfo().
std::string NumericHost(const sockaddr* address, socklen_t length, int* error) {
  std::array<char, NI_MAXHOST> host = {};
  *error = getnameinfo(address, length, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return *error == 0 ? host.data() : "";
}

UnixListenSpec SpecOfFile(const ListenSpec& spec) {
  return {.path = spec.path,
          .backlog = spec.backlog,
          .mode = spec.mode.value_or(0666),
          .owner = spec.owner,
          .group = spec.group};
}

int FamilyOf(int fd) {
  int family = AF_UNSPEC;
  socklen_t length = sizeof(family);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 ? family : AF_UNSPEC;
}

const char* Kind(int family) {
  return family == AF_UNIX ? "unix" : family == AF_INET6 ? "tcp6" : "tcp4";
}

// What the section says of a passed socket.
std::string Said(const ListenSpec& spec) {
  if (spec.protocol == ListenSpec::Protocol::kUnix)
    return spec.path.empty() ? "unix" : absl::StrCat("unix ", spec.path);
  const char* const kind = spec.protocol == ListenSpec::Protocol::kTcp6 ? "tcp6" : "tcp4";
  if (spec.host.empty() && spec.port == 0) return kind;
  return absl::StrCat(
      kind, " ",
      HostAndPort(spec.host.empty() ? "*" : spec.host, spec.port == 0 ? "*" : absl::StrCat(spec.port)));
}

// Of host and port as numbers: `bound` is as BoundAddress() gives it.
bool IsAsSaid(const ListenSpec& spec, int family, const std::string& bound) {
  if (spec.protocol == ListenSpec::Protocol::kAny) return true;
  if (Kind(family) != Said(spec).substr(0, 4)) return false;
  if (spec.protocol == ListenSpec::Protocol::kUnix) return spec.path.empty() || spec.path == bound;
  const size_t colon = bound.rfind(':');
  if (spec.port != 0 && bound.substr(colon + 1) != absl::StrCat(spec.port)) return false;
  if (spec.host.empty()) return true;
  const std::vector<std::string> just_host = {spec.host};
  for (const std::string& host : spec.addresses.empty() ? just_host : spec.addresses) {
    const absl::StatusOr<Addresses> addresses = Resolve(spec, host);
    for (const addrinfo* address = addresses.ok() ? addresses->get() : nullptr; address != nullptr;
         address = address->ai_next) {
      int error = 0;
      const std::string numeric = NumericHost(address->ai_addr, address->ai_addrlen, &error);
      if (error == 0 && HostAndPort(numeric, bound.substr(colon + 1)) == bound) return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const ListenSpec& spec) {
  if (spec.passed != nullptr) return OpenPassed(spec);
  return spec.protocol == ListenSpec::Protocol::kUnix ? OpenUnix(spec) : OpenTcp(spec);
}

absl::StatusOr<Listener> Listener::OpenTcp(const ListenSpec& spec) {
  const std::vector<std::string> just_host = {spec.host};
  int first_error = 0;
  std::optional<SocketHolders> holders;
  // A name may stand for several addresses; the first that this machine has is meant.
  for (const std::string& host : spec.addresses.empty() ? just_host : spec.addresses) {
    absl::StatusOr<Addresses> addresses = Resolve(spec, host);
    if (!addresses.ok()) return addresses.status();
    for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
      Listener listener;
      const int error = ListenOn(*address, spec, &listener.fd_);
      if (error == 0) return listener.Completed(*address, spec);
      if (first_error != 0) continue;
      first_error = error;
      if (error == EADDRINUSE) holders = HoldersOf(*address->ai_addr);
    }
  }
  const absl::Status failed = Error(spec, first_error);
  return first_error == EADDRINUSE ? InUse(failed, holders) : failed;
}

absl::StatusOr<Listener> Listener::Completed(const addrinfo& address, const ListenSpec& spec) {
  family_ = address.ai_family;
  type_ = address.ai_socktype;
  protocol_ = address.ai_protocol;
  backlog_ = spec.backlog;
  absl::StatusOr<std::string> bound = BoundAddress(fd());
  if (!bound.ok()) return bound.status();
  address_ = *std::move(bound);
  return std::move(*this);
}

absl::Status Listener::ShareAddress() {
  const int on = 1;
  if (unix_.has_value() || setsockopt(fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0)
    return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot share ", address_));
}

absl::Status Listener::Change(const ListenSpec& spec) {
  if (spec.backlog != backlog_ && listen(fd(), spec.backlog) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot change the queue of ", address_));
  backlog_ = spec.backlog;
  if (!unix_.has_value()) return absl::OkStatus();
  const UnixListenSpec changed = SpecOfFile(spec);
  if (absl::Status status = unix_->ChangeFile(changed); !status.ok()) return status;
  unix_spec_ = changed;
  return absl::OkStatus();
}

absl::Status Listener::TurnAway() {
  if (passed_) return absl::OkStatus();
  if (unix_.has_value()) {
    unix_->RemoveFile();
    return absl::OkStatus();
  }
  // Of a packet the kernel shows the TCP header first. What begins a connection has the flag SYN, in byte 13.
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog filter = {.len = std::size(program), .filter = program};
  if (setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot turn away connections to ", address_));
}

absl::Status Listener::TakeBack() {
  if (passed_) return absl::OkStatus();
  if (unix_.has_value()) return OpenAnew();
  const int unused = 0;
  if (setsockopt(fd(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot take connections to ", address_, " again"));
}

absl::StatusOr<std::vector<std::string>> Listener::AddressesOf(const ListenSpec& spec) {
  const absl::StatusOr<Addresses> addresses = Resolve(spec, spec.host);
  if (!addresses.ok()) return addresses.status();
  std::vector<std::string> numeric;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    int error = 0;
    std::string host = NumericHost(address->ai_addr, address->ai_addrlen, &error);
    if (error != 0) return NoAddress(spec, gai_strerror(error));
    if (std::find(numeric.begin(), numeric.end(), host) == numeric.end()) numeric.push_back(std::move(host));
  }
  return numeric;
}

absl::Status Listener::CheckHost(const ListenSpec& spec) {
  const absl::StatusOr<Addresses> addresses = Resolve(spec, spec.host);
  if (!addresses.ok()) return addresses.status();
  int first_error = 0;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    base::UniqueFd bound;
    const int error = BindTo(*address, false, &bound);
    if (error == 0 || error == EADDRINUSE) return absl::OkStatus();
    if (first_error == 0) first_error = error;
  }
  return Error(spec, first_error);
}

absl::StatusOr<Listener> Listener::OpenUnix(const ListenSpec& spec) {
  Listener listener;
  listener.unix_spec_ = SpecOfFile(spec);
  absl::StatusOr<UnixListener> opened = UnixListener::Open(listener.unix_spec_);
  if (absl::IsAlreadyExists(opened.status())) {
    const std::optional<SocketHolders> holders = HoldersOf(spec.path);
    if (!holders.has_value()) return InUse(opened.status(), holders);
    return InUse(
        absl::AlreadyExistsError(absl::StrCat("cannot listen on ", spec.path, ": Address already in use")),
        holders);
  }
  if (!opened.ok()) return opened.status();
  listener.unix_.emplace(*std::move(opened));
  listener.family_ = AF_UNIX;
  listener.type_ = SOCK_STREAM;
  listener.backlog_ = spec.backlog;
  listener.address_ = spec.path;
  return listener;
}

absl::StatusOr<Listener> Listener::Adopt(const ListenSpec& spec, base::UniqueFd fd,
                                         const FileIdentity& file) {
  Listener listener;
  listener.backlog_ = spec.backlog;
  listener.type_ = SOCK_STREAM;
  if (spec.protocol == ListenSpec::Protocol::kUnix) {
    absl::StatusOr<UnixListener> adopted = UnixListener::Adopt(spec.path, std::move(fd), file);
    if (!adopted.ok()) return adopted.status();
    listener.unix_.emplace(*std::move(adopted));
    listener.unix_spec_ = SpecOfFile(spec);
    listener.family_ = AF_UNIX;
    listener.address_ = spec.path;
    return listener;
  }
  if (absl::Status listens = MakeAdopted(fd.get()); !listens.ok())
    return absl::Status(listens.code(), absl::StrCat(Wanted(spec), ": ", listens.message()));
  const int family = spec.protocol == ListenSpec::Protocol::kTcp6 ? AF_INET6 : AF_INET;
  int domain = 0;
  socklen_t length = sizeof(domain);
  if (getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != family)
    return absl::InvalidArgumentError(absl::StrCat(Wanted(spec), ": the descriptor has another family"));
  absl::StatusOr<std::string> bound = BoundAddress(fd.get());
  if (!bound.ok()) return bound.status();
  listener.family_ = family;
  listener.protocol_ = IPPROTO_TCP;
  listener.address_ = *std::move(bound);
  listener.fd_ = std::move(fd);
  return listener;
}

absl::StatusOr<Listener> Listener::OpenPassed(const ListenSpec& spec) {
  const std::string named = absl::StrCat("named \"", spec.passed_name, "\"");
  std::vector<base::UniqueFd> candidates = spec.passed->CopiesOf(spec.passed_name);
  if (candidates.empty()) return absl::NotFoundError(spec.passed->WhyNone(spec.passed_name));
  std::optional<Listener> found;
  std::string other;
  for (base::UniqueFd& fd : candidates) {
    const absl::Status listens = MakeAdopted(fd.get());
    if (!listens.ok()) {
      other = "no listening stream socket (ListenStream= with Accept=no makes one)";
      continue;
    }
    const int family = FamilyOf(fd.get());
    absl::StatusOr<std::string> bound = BoundAddress(fd.get());
    if (!bound.ok()) return bound.status();
    if (!IsAsSaid(spec, family, *bound)) {
      other = absl::StrCat(Kind(family), " ", *bound, ", not ", Said(spec));
      continue;
    }
    if (found.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("systemd has passed ", candidates.size(), " sockets ", named,
                       " that are as the section says: host, port or path has to say which is meant"));
    }
    found.emplace(Listener());
    found->family_ = family;
    found->type_ = SOCK_STREAM;
    found->protocol_ = family == AF_UNIX ? 0 : IPPROTO_TCP;
    found->backlog_ = spec.backlog;
    found->passed_ = true;
    found->address_ = *std::move(bound);
    found->fd_ = std::move(fd);
  }
  if (found.has_value()) return *std::move(found);
  return absl::FailedPreconditionError(
      absl::StrCat("the socket ", named, " that systemd has passed is ", other));
}

std::string Listener::AddressIn(const ListenSpec& spec) {
  if (spec.passed != nullptr) return absl::StrCat("systemd:", spec.passed_name);
  return spec.protocol == ListenSpec::Protocol::kUnix ? spec.path : Wanted(spec);
}

absl::Status Listener::TakeNumber(base::UniqueFd fd) {
  if (unix_.has_value()) return unix_->TakeNumber(std::move(fd));
  if (dup3(fd_.get(), fd.get(), O_CLOEXEC) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen on ", address_));
  }
  fd_ = std::move(fd);
  return absl::OkStatus();
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
  if (unix_.has_value()) return OpenAnew();
  if (family_ == AF_UNIX) {
    return absl::FailedPreconditionError(
        absl::StrCat(address_, " is systemd's: a restart of its .socket unit opens it again"));
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
