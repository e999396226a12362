// The descriptors of a worker: its two pipes to the master and what an application polls instead of them.
#ifndef FECTL_WORKER_SDK_CHANNEL_H_
#define FECTL_WORKER_SDK_CHANNEL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::internal {

// Applications poll an epoll descriptor which contains the pipes. That one stays the same when the pipes are
// closed, shows room in a full pipe and a master which closed its end only, and is quiet when there is
// nothing to do; the read pipe by itself would be readable for ever after the master's death.
class Channel {
 public:
  // Takes the two descriptors over, unless it fails. Makes them non-blocking and close-on-exec.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(int read_fd, int write_fd);

  int poll_fd() const { return epoll_.get(); }
  // Writing to this eventfd makes poll_fd() readable until the next Wait(). For other threads and signal
  // handlers.
  int wake_fd() const { return wake_.get(); }

  struct Ready {
    bool read = false;    // bytes, or the end
    bool broken = false;  // the master does not read any more
  };
  // What there is to do now. Never blocks; takes back what was written to wake_fd().
  Ready Wait();

  // nullopt: nothing there now. 0: the end (or an error, which is no better).
  std::optional<size_t> Read(char* buffer, size_t size);
  // nullopt: broken. 0: no room now. Never raises SIGPIPE.
  std::optional<size_t> Write(std::string_view bytes);
  // Whether poll_fd() is to be readable when the full pipe has room again.
  void WantRoom(bool want);
  // Closes the pipes. poll_fd() and wake_fd() stay.
  void Shut();

 private:
  Channel() = default;

  base::UniqueFd epoll_;
  base::UniqueFd wake_;
  base::UniqueFd read_;
  base::UniqueFd write_;
  bool want_room_ = false;
};

// As write(2), without SIGPIPE. nullopt: no reader, or another error. 0: no room now (non-blocking
// descriptors).
std::optional<size_t> WriteToPipe(int fd, std::string_view bytes);

// Makes `fd` non-blocking and close-on-exec.
void PrepareDescriptor(int fd);

// A descriptor that other threads and signal handlers can use to wake a loop up.
absl::StatusOr<base::UniqueFd> MakeWakeFd();
void Wake(int wake_fd);
// Takes back all that Wake() wrote.
void ClearWake(int wake_fd);

// InvalidArgument, in words, unless `fd` is open for reading (or writing).
absl::Status CheckPipeEnd(int fd, bool for_reading);
// InvalidArgument unless `fd` is an open socket.
absl::Status CheckSocket(int fd);

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_CHANNEL_H_
