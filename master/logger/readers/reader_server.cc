#include "master/logger/readers/reader_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "master/platform/loop/clock.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

ReaderServer::~ReaderServer() {
  if (listener_.has_value()) loop_->Unwatch(listener_->fd());
  for (Running& running : readers_) running.reader.Stop();
  for (Running& running : readers_) running.thread.join();
}

absl::Status ReaderServer::Listen(const std::string& path, bool for_all) {
  if (listener_.has_value() && listener_->path() == path) return absl::OkStatus();
  if (listener_.has_value()) loop_->Unwatch(listener_->fd());
  listener_.reset();
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<platform::UnixListener> opened = platform::UnixListener::Open(
      {.path = path, .backlog = kReadersMax, .mode = for_all ? mode_t{0666} : mode_t{0600}});
  if (!opened.ok()) return opened.status();
  listener_.emplace(*std::move(opened));
  return loop_->Watch(listener_->fd(), EPOLLIN, this);
}

void ReaderServer::DropDone() {
  for (auto running = readers_.begin(); running != readers_.end();) {
    if (!running->done) {
      ++running;
      continue;
    }
    running->thread.join();
    running = readers_.erase(running);
  }
}

void ReaderServer::Finish(int timeout_ms) {
  if (listener_.has_value()) loop_->Unwatch(listener_->fd());
  listener_.reset();
  for (Running& running : readers_) running.reader.Finish();
  const int64_t deadline = platform::MonotonicNanos() / 1'000'000 + timeout_ms;
  for (;;) {
    done_.Prepare();
    DropDone();
    const int64_t left = deadline - platform::MonotonicNanos() / 1'000'000;
    if (readers_.empty() || left <= 0) return;
    done_.Wait(static_cast<int>(left));
  }
}

void ReaderServer::OnReady(uint32_t /*events*/) {
  base::UniqueFd socket(accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) return;
  DropDone();
  if (readers_.size() >= kReadersMax) return;  // it sees the end of its connection
  Running& running = readers_.emplace_back(std::move(socket), registry_);
  running.thread = std::thread([this, &running] {
    running.reader.Serve();
    running.reader.Stop();
    running.done = true;
    done_.Ring();
  });
}

}  // namespace fectl::logger
