#include "client/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "proto_spec/base/printable.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::http {
namespace {

// Clients are few, and 64 connections at most are served at a time.
constexpr int kBacklog = 64;

// An address of the three families.
struct Address {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* any() {
    void* const memory = &storage;
    return static_cast<sockaddr*>(memory);
  }
  const sockaddr_in& v4() const {
    const void* const memory = &storage;
    return *static_cast<const sockaddr_in*>(memory);
  }
  const sockaddr_in6& v6() const {
    const void* const memory = &storage;
    return *static_cast<const sockaddr_in6*>(memory);
  }
};

bool IsV4(const in6_addr& address) {
  return IN6_IS_ADDR_V4MAPPED(&address) != 0;
}

bool IsThisMachine(const Address& address) {
  if (address.storage.ss_family == AF_UNIX) return true;
  if (address.storage.ss_family == AF_INET) return ntohl(address.v4().sin_addr.s_addr) >> 24 == 127;
  const in6_addr& v6 = address.v6().sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) != 0 || (IsV4(v6) && v6.s6_addr[12] == 127);
}

std::string HostText(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &address.v4().sin_addr, text, sizeof text);
  } else if (address.storage.ss_family == AF_INET6) {
    const in6_addr& v6 = address.v6().sin6_addr;
    inet_ntop(IsV4(v6) ? AF_INET : AF_INET6, IsV4(v6) ? v6.s6_addr + 12 : v6.s6_addr, text, sizeof text);
  }
  return text;
}

std::string UrlOf(const Address& address, const std::string& path) {
  if (address.storage.ss_family == AF_UNIX) return path;
  const bool is_v6 = address.storage.ss_family == AF_INET6;
  const std::string host = is_v6 ? "[" + HostText(address) + "]" : HostText(address);
  return "http://" + host + ":" +
         std::to_string(ntohs(is_v6 ? address.v6().sin6_port : address.v4().sin_port)) + "/";
}

std::optional<Address> OwnAddress(int fd) {
  Address address;
  if (getsockname(fd, address.any(), &address.size) != 0) return std::nullopt;
  return address;
}

std::optional<Address> ParseAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (stop != end || error != std::errc() || colon + 1 == text.size()) return std::nullopt;
  std::string host = text.substr(0, colon);
  Address address;
  sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    address.size = sizeof v4;
    memcpy(&address.storage, &v4, sizeof v4);
    return address;
  }
  if (!host.starts_with('[') || !host.ends_with(']')) return std::nullopt;
  host = host.substr(1, host.size() - 2);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  address.size = sizeof v6;
  memcpy(&address.storage, &v6, sizeof v6);
  return address;
}

absl::Status Remote(const std::string& what) {
  return absl::InvalidArgumentError(
      what +
      " is reached from other machines, where everybody would see what fectld says: take 127.0.0.1, [::1] " +
      "or a UNIX socket, or say --remote");
}

absl::Status Failed(const std::string& address, int error) {
  return absl::UnavailableError("cannot listen on " + base::EscapeForTerminal(address) + ": " +
                                strerror(error));
}

// A socket's file that nobody listens on any more is in the way of nobody.
void RemoveLeftOver(const std::string& path) {
  struct stat found = {};
  if (lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  const base::UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const base::UnixAddress address(path);
  if (connect(probe.get(), address.get(), address.size()) != 0 && errno == ECONNREFUSED) unlink(path.c_str());
}

}  // namespace

Listener::Listener(base::UniqueFd fd, std::string path, std::string url)
    : fd_(std::move(fd)), path_(std::move(path)), url_(std::move(url)) {}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, "")), url_(std::move(other.url_)) {}

Listener::~Listener() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::StatusOr<Listener> Listener::Open(const std::string& address, bool remote) {
  if (address.starts_with('/')) {
    if (!base::UnixAddress::IsPossible(address)) {
      return absl::InvalidArgumentError("the path of a UNIX socket has at most 107 bytes: " +
                                        base::EscapeForTerminal(address));
    }
    RemoveLeftOver(address);
    base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const base::UnixAddress bound(address);
    // For its user and group, from its first moment.
    const mode_t before = umask(0117);
    const int failed = bind(fd.get(), bound.get(), bound.size());
    const int error = errno;
    umask(before);
    if (failed != 0) return Failed(address, error);
    if (listen(fd.get(), kBacklog) != 0) return Failed(address, errno);
    return Listener(std::move(fd), address, address);
  }
  std::optional<Address> parsed = ParseAddress(address);
  if (!parsed.has_value()) {
    return absl::InvalidArgumentError(
        "take 127.0.0.1:PORT, [::1]:PORT or the absolute path of a UNIX socket for --listen, not \"" +
        base::EscapeForTerminal(address) + "\"");
  }
  if (!remote && !IsThisMachine(*parsed)) return Remote(address);
  base::UniqueFd fd(socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), parsed->any(), parsed->size) != 0 || listen(fd.get(), kBacklog) != 0) {
    return Failed(address, errno);
  }
  const std::string url = UrlOf(OwnAddress(fd.get()).value_or(*parsed), "");
  return Listener(std::move(fd), "", url);
}

absl::StatusOr<Listener> Listener::Adopt(int fd, const std::string& name, bool remote) {
  base::UniqueFd owned(fd);
  const std::optional<Address> address = OwnAddress(fd);
  if (!address.has_value()) return absl::InvalidArgumentError("the socket " + name + " is none");
  if (!remote && !IsThisMachine(*address)) return Remote("the socket " + name);
  return Listener(std::move(owned), "", UrlOf(*address, name));
}

base::UniqueFd Listener::Accept() const {
  base::UniqueFd client(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const int on = 1;
  // Fails for UNIX sockets, which need it not.
  if (client.valid()) setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

std::string LocalAddress(int fd) {
  const std::optional<Address> address = OwnAddress(fd);
  return address.has_value() ? HostText(*address) : "";
}

}  // namespace fectl::http
