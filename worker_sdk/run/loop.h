// An epoll loop with one callback for each descriptor.
#ifndef FECTL_WORKER_SDK_RUN_LOOP_H_
#define FECTL_WORKER_SDK_RUN_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::run {

class Loop {
 public:
  static absl::StatusOr<std::unique_ptr<Loop>> Make();

  // Calls `on_ready` as long as one of the events (EPOLLIN, EPOLLOUT) holds. Replaces what was asked for
  // before. False: such a descriptor cannot be waited for, as that of a file.
  bool Watch(int fd, uint32_t events, std::function<void()> on_ready);
  // Before the descriptor is closed. Harmless for one that is not watched.
  void Unwatch(int fd);
  // Waits so long at most (-1: without a limit) and calls what is ready. A callback may watch and unwatch
  // anything.
  void Turn(int timeout_ms);

 private:
  Loop() = default;

  base::UniqueFd epoll_;
  std::map<int, std::function<void()>> watched_;
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_LOOP_H_
