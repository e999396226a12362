#include "worker_sdk/run/output/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"

namespace fectl::run {
namespace {

bool SameFile(int a, int b) {
  struct stat first = {};
  struct stat second = {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Outputs>> Outputs::Open(const std::string& wanted) {
  std::unique_ptr<Outputs> made(new Outputs());
  std::vector<int> streams = {STDOUT_FILENO, STDERR_FILENO};
  if (SameFile(STDOUT_FILENO, STDERR_FILENO)) streams.pop_back();
  for (const int stream : streams) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
    base::UniqueFd ours(ends[0]);
    made->ends_.emplace_back(ends[1]);
    // Of our end alone: the program's stays as programs expect it.
    if (fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return absl::ErrnoToStatus(errno, "O_NONBLOCK");
    made->relays_.push_back(std::make_unique<Relay>(std::move(ours), stream, wanted));
  }
  return made;
}

void Outputs::Attach(Loop* loop) {
  loop_ = loop;
  for (const auto& relay : relays_) Copy(relay.get());
}

void Outputs::Copy(Relay* relay) {
  const int from = relay->from_fd();
  // Before it can be closed.
  loop_->Unwatch(from);
  loop_->Unwatch(relay->to_fd());
  const Relay::Wait wait = relay->Copy();
  const auto again = [this, relay] { Copy(relay); };
  if (wait == Relay::Wait::kInput) loop_->Watch(from, EPOLLIN, again);
  // A file always has room, and only that cannot be waited for.
  if (wait == Relay::Wait::kRoom) loop_->Watch(relay->to_fd(), EPOLLOUT, again);
}

bool Outputs::found() const {
  return std::any_of(relays_.begin(), relays_.end(),
                     [](const auto& relay) { return relay->lines().found(); });
}

bool Outputs::open() const {
  return std::any_of(relays_.begin(), relays_.end(), [](const auto& relay) { return relay->from_fd() >= 0; });
}

void Outputs::TakeEnds() {
  for (const auto& relay : relays_) {
    // A turn of a relay ends before the end of a pipe that was full.
    for (int turn = 0; turn < 2 && relay->from_fd() >= 0; ++turn) Copy(relay.get());
  }
}

void Outputs::Finish() {
  for (const auto& relay : relays_) {
    if (loop_ != nullptr) loop_->Unwatch(relay->from_fd());
    relay->Finish();
  }
}

std::string Outputs::LastLine() const {
  for (auto relay = relays_.rbegin(); relay != relays_.rend(); ++relay) {
    if (std::string line = (*relay)->lines().last(); !line.empty()) return line;
  }
  return "";
}

}  // namespace fectl::run
