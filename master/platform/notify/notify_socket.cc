#include "master/platform/notify/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

constexpr char kSocket[] = "NOTIFY_SOCKET";
constexpr char kWatchdogTime[] = "WATCHDOG_USEC";
constexpr char kWatchdogPid[] = "WATCHDOG_PID";

std::string Variable(const char* name) {
  const char* const value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

// 0: none that is meant for this process.
int64_t WatchdogTime() {
  int64_t usec = 0;
  if (!absl::SimpleAtoi(Variable(kWatchdogTime), &usec) || usec <= 0 || usec > INT64_MAX / 1000) return 0;
  const std::string pid = Variable(kWatchdogPid);
  int64_t whose = 0;
  if (!pid.empty() && (!absl::SimpleAtoi(pid, &whose) || whose != getpid())) return 0;
  return usec * 1000;
}

struct Address {
  sockaddr_un name = {};
  socklen_t size = 0;
};

// Of a path with the zero behind it; of an abstract name without: there each byte counts.
std::optional<Address> AddressOf(const std::string& name) {
  Address address;
  const bool abstract = name.front() == '@';
  if (!abstract && name.front() != '/') return std::nullopt;
  if (name.size() < 2 || name.size() + (abstract ? 0 : 1) > sizeof(address.name.sun_path))
    return std::nullopt;
  address.name.sun_family = AF_UNIX;
  name.copy(address.name.sun_path, name.size());
  if (abstract) address.name.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
  return address;
}

}  // namespace

NotifySocket NotifySocket::FromEnvironment() {
  NotifySocket socket;
  socket.name_ = Variable(kSocket);
  socket.started_ = getpid();
  if (socket.wanted()) socket.watchdog_ns_ = WatchdogTime();
  for (const char* const name : {kSocket, kWatchdogTime, kWatchdogPid}) unsetenv(name);
  return socket;
}

bool NotifySocket::moved() const {
  return wanted() && started_ != getpid();
}

absl::Status NotifySocket::Send(std::string_view message) {
  const std::optional<Address> address = AddressOf(name_);
  if (!address.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("NOTIFY_SOCKET is \"", name_,
                     "\", which is neither the path of a UNIX socket nor @ and an "
                     "abstract name: the service manager is told nothing"));
  }
  if (!fd_.valid()) fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const void* const generic = &address->name;
  const auto* const to = static_cast<const sockaddr*>(generic);
  ssize_t sent = -1;
  do {
    if (fd_.valid())
      sent = sendto(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL, to, address->size);
  } while (sent < 0 && fd_.valid() && errno == EINTR);
  if (sent >= 0) return absl::OkStatus();
  const absl::Status failed = absl::ErrnoToStatus(
      errno, absl::StrCat("cannot tell the service manager at ", name_, " (NOTIFY_SOCKET)"));
  return absl::UnavailableError(failed.message());
}

}  // namespace fectl::platform
