#include "client/session/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <string_view>

#include "client/session/clock.h"
#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::client {
namespace {

absl::string_view View(const std::string& text) {
  return {text.data(), text.size()};
}

std::string Hint() {
  return " (start one with fectld -c FILE, or name its socket with --sock)";
}

absl::Status NotThere(const std::string& path, int error) {
  const std::string shown = base::EscapeForTerminal(path);
  struct stat file;
  const bool exists = stat(path.c_str(), &file) == 0;
  std::string text;
  if (error == EACCES || error == EPERM) {
    text = "the control socket " + shown + " cannot be used: " + strerror(error) +
           " (only the user who runs fectld, root, and whom [master] allow names may)";
  } else if (error == ECONNREFUSED && exists && !S_ISSOCK(file.st_mode)) {
    text = "no fectld is listening on " + shown + ": the file is no socket" + Hint();
  } else if (error == ECONNREFUSED) {
    text = "no fectld is listening on " + shown + ": its fectld has gone and left the file behind" + Hint();
  } else if (error == EPROTOTYPE) {
    text = "no fectld is listening on " + shown + ": it is a socket of another kind" + Hint();
  } else {
    text = "no fectld is listening on " + shown + ": " + strerror(error) + Hint();
  }
  return absl::UnavailableError(View(text));
}

absl::Status OwnProblem(const char* what, int error) {
  return absl::InternalError(View(std::string(what) + ": " + strerror(error)));
}

}  // namespace

absl::Status TimeIsOver(const Limits& limits, bool silent) {
  const std::string text =
      silent ? "fectld does not answer: nothing was heard from it for " + SpokenDuration(limits.silence_ms)
             : "no answer within " + SpokenDuration(limits.timeout_ms) + "; what was begun goes on in fectld";
  return absl::DeadlineExceededError(View(text));
}

absl::StatusOr<base::UniqueFd> Connect(const std::string& path, const Limits& limits) {
  if (!base::UnixAddress::IsPossible(path)) {
    const std::string text = "the socket's path must have 1 to 107 bytes, and this one has " +
                             std::to_string(path.size()) + ": " + base::EscapeForTerminal(path);
    return absl::InvalidArgumentError(View(text));
  }
  const base::UnixAddress address(path);
  base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return OwnProblem("cannot make a socket", errno);
  for (;;) {
    // With a full queue a non-blocking connect fails with EAGAIN at once, and could only be repeated after
    // some guessed time. A blocking one sleeps until there is a place, and SO_SNDTIMEO bounds it.
    const int64_t now = MonotonicMs();
    if (now >= limits.deadline_ms) return TimeIsOver(limits, false);
    const int64_t wait_ms = std::max<int64_t>(1, std::min(limits.silence_ms, limits.deadline_ms - now));
    const timeval wait = {wait_ms / 1000, static_cast<suseconds_t>(wait_ms % 1000 * 1000)};
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd.get(), address.get(), address.size()) == 0) break;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return NotThere(path, errno);
    return TimeIsOver(limits, limits.silence_ms <= limits.deadline_ms - now);
  }
  if (fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return OwnProblem("cannot set up the socket", errno);
  return fd;
}

}  // namespace fectl::client
