#include "master/platform/files/file_watch.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

// The removal of a name that is not the last use of a file shows as a changed number of links only.
constexpr uint32_t kEvents = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_DONT_FOLLOW;

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatch>> FileWatch::Create(EventLoop* loop, std::function<void()> touched) {
  base::UniqueFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot watch files");
  std::unique_ptr<FileWatch> watch(new FileWatch(std::move(fd), loop, std::move(touched)));
  if (absl::Status watched = loop->Watch(watch->fd_.get(), EPOLLIN, watch.get()); !watched.ok())
    return watched;
  return watch;
}

FileWatch::~FileWatch() {
  loop_->Unwatch(fd_.get());
}

absl::Status FileWatch::Follow(const std::string& path) {
  Forget();
  followed_ = inotify_add_watch(fd_.get(), path.c_str(), kEvents);
  if (followed_ >= 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot watch ", path));
}

void FileWatch::Forget() {
  // It fails when the file is gone: the kernel forgets such a one by itself.
  if (followed_ >= 0) inotify_rm_watch(fd_.get(), followed_);
  followed_ = -1;
}

void FileWatch::OnReady(uint32_t /*events*/) {
  // What exactly happened does not matter, and what is left comes with the next turn.
  std::array<char, 4096> records;
  if (read(fd_.get(), records.data(), records.size()) > 0) touched_();
}

}  // namespace fectl::platform
