#include "master/platform/sockets/syslog_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::platform {
namespace {

// In local time, without year and zone, as those daemons have always had it.
std::string Stamp(std::time_t at) {
  struct tm parts = {};
  localtime_r(&at, &parts);
  std::array<char, 32> text = {};
  const size_t length = strftime(text.data(), text.size(), "%h %e %T", &parts);
  return std::string(text.data(), length);
}

}  // namespace

int FacilityNumber(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, int>, 19> kFacilities = {{
      {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
      {"ftp", LOG_FTP},       {"lpr", LOG_LPR},           {"mail", LOG_MAIL},     {"news", LOG_NEWS},
      {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},
      {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},     {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
      {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},     {"local7", LOG_LOCAL7},
  }};
  for (const auto& [known, number] : kFacilities) {
    if (known == word) return number;
  }
  return LOG_DAEMON;
}

std::string SyslogMessage(int priority, std::time_t at, std::string_view tag, pid_t pid,
                          std::string_view text) {
  return absl::StrCat("<", priority, ">", Stamp(at), " ", absl::string_view(tag.data(), tag.size()), "[", pid,
                      "]: ", absl::string_view(text.data(), text.size()));
}

bool SyslogSocket::Connect() {
  const base::UnixAddress address(path_);
  fd_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd_.valid() && connect(fd_.get(), address.get(), address.size()) == 0) return true;
  fd_.reset();
  return false;
}

bool SyslogSocket::Send(int level, std::time_t at, std::string_view text) {
  const std::string line = SyslogMessage(facility_ | level, at, tag_, getpid(), text);
  // A second time on a new socket: the daemon that listened may have been replaced by another.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!fd_.valid() && !Connect()) return false;
    if (send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN) return false;
    fd_.reset();
  }
  return false;
}

}  // namespace fectl::platform
