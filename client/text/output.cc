#include "client/text/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

namespace fectl::client {
namespace {

// 0, or the errno of the first write that failed.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else made the terminal or pipe non-blocking.
      pollfd ready = {fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

void Output::Out(std::string_view text) {
  if (out_closed_) return;
  const int error = WriteAll(out_fd_, text);
  if (error == 0) return;
  out_closed_ = true;
  if (error != EPIPE) write_error_ = error;
}

// There is nobody left to be told when this fails.
void Output::Err(std::string_view text) {
  WriteAll(err_fd_, text);
}

}  // namespace fectl::client
