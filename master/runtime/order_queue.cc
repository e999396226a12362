#include "master/runtime/order_queue.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "master/runtime/limits.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {

OrderQueue::OrderQueue(platform::EventLoop* loop, base::UniqueFd pipe, std::function<void()> on_deaf)
    : loop_(loop), pipe_(std::move(pipe)), on_deaf_(std::move(on_deaf)) {
  // The kernel reports an error when the last reader has gone, also to who asks for nothing. Without the
  // watch the next order finds out.
  watched_ = loop_->Watch(pipe_.get(), 0, this).ok();
}

OrderQueue::~OrderQueue() {
  Close();
}

bool OrderQueue::Push(std::string_view payload) {
  if (!pipe_.valid() || unsent_.size() + payload.size() > kOrderBytesMax) return false;
  if (!proto::AppendFrame(payload, proto::Level::kBase, &unsent_).ok()) return false;
  if (!waits_for_room_) Flush();
  return pipe_.valid();
}

void OrderQueue::OnReady(uint32_t events) {
  if ((events & EPOLLERR) == 0) return Flush();
  Close();
  on_deaf_();
}

void OrderQueue::Flush() {
  while (!unsent_.empty()) {
    const ssize_t written = write(pipe_.get(), unsent_.data(), unsent_.size());
    if (written >= 0) {
      unsent_.erase(0, static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) break;
    Close();  // EPIPE: nobody reads any more
    on_deaf_();
    return;
  }
  WaitForRoom(!unsent_.empty());
}

void OrderQueue::WaitForRoom(bool wanted) {
  if (wanted == waits_for_room_) return;
  // Where that fails the frames go out with the next push.
  const uint32_t events = wanted ? uint32_t{EPOLLOUT} : 0;
  waits_for_room_ = watched_ && loop_->Modify(pipe_.get(), events).ok() && wanted;
}

void OrderQueue::Close() {
  loop_->Close(std::move(pipe_));
  watched_ = false;
  waits_for_room_ = false;
  unsent_.clear();
}

}  // namespace fectl::runtime
