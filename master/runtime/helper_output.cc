#include "master/runtime/helper_output.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace fectl::runtime {

absl::Status HelperOutput::Open(base::UniqueFd* write_end) {
  Stop();
  text_.clear();
  state_ = absl::OkStatus();
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  write_end->reset(ends[1]);
  read_.reset(ends[0]);
  if (fcntl(read_.get(), F_SETFL, O_NONBLOCK) != 0) {
    const absl::Status failed = absl::ErrnoToStatus(errno, "cannot make a pipe");
    read_.reset();
    return failed;
  }
  absl::Status watched = loop_->Watch(read_.get(), EPOLLIN, this);
  if (!watched.ok()) read_.reset();
  return watched;
}

void HelperOutput::Stop() {
  if (read_.valid()) loop_->Unwatch(read_.get());
  read_.reset();
}

void HelperOutput::ReadAll() {
  std::array<char, 65536> bytes;
  while (read_.valid()) {
    const ssize_t got = read(read_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return Stop();
    text_.append(bytes.data(), static_cast<size_t>(got));
    if (text_.size() <= bytes_max_) continue;
    state_ = absl::ResourceExhaustedError(absl::StrCat(name_, " writes without end"));
    return Stop();
  }
}

}  // namespace fectl::runtime
