#ifndef MASTER_PLATFORM_FILES_FILE_WATCH_H_
#define MASTER_PLATFORM_FILES_FILE_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// Hears when a file is removed, replaced or moved, so that nobody has to look at it by the clock. Only the
// file itself is watched: what happens to others in its folder wakes nobody.
class FileWatch final : private FdWatcher {
 public:
  // `touched` is called in a turn of the loop, which outlives this. It says only that it is time to look:
  // changed permissions are reported, too. Unimplemented and the like where the kernel or a sandbox has no
  // inotify, ResourceExhausted when the user has too many of them.
  static absl::StatusOr<std::unique_ptr<FileWatch>> Create(EventLoop* loop, std::function<void()> touched);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch() override;

  // From now on the file that has this name now, and no other; when one gets the name later, call it anew.
  absl::Status Follow(const std::string& path);

  // Forgets the file, without a wait. The kernel takes some 15 ms to give it up: an owner that destroys this
  // earlier waits for the rest of them.
  void Forget();

 private:
  FileWatch(base::UniqueFd fd, EventLoop* loop, std::function<void()> touched)
      : fd_(std::move(fd)), loop_(loop), touched_(std::move(touched)) {}

  void OnReady(uint32_t events) override;

  base::UniqueFd fd_;
  EventLoop* loop_;
  std::function<void()> touched_;
  int followed_ = -1;  // the kernel's number
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_FILE_WATCH_H_
