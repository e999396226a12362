#include "master/runtime/workers/order_queue.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "master/runtime/limits.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {

OrderQueue::OrderQueue(platform::EventLoop* loop, base::UniqueFd pipe, std::function<void()> on_closed)
    : loop_(loop), pipe_(std::move(pipe)), on_closed_(std::move(on_closed)) {
  // The kernel reports an error when the last reader has gone, also where nothing was asked for. Without the
  // watch the next order finds out.
  watched_ = loop_->Watch(pipe_.get(), 0, this).ok();
}

OrderQueue::~OrderQueue() {
  Close();
}

bool OrderQueue::Push(std::string_view payload) {
  if (!pipe_.valid() || unsent_.size() - message_left_ + payload.size() > kOrderBytesMax) return false;
  if (!proto::AppendFrame(payload, proto::Level::kBase, &unsent_).ok()) return false;
  if (!waits_for_room_) Flush();
  return pipe_.valid();
}

bool OrderQueue::PushMessage(std::string_view payload) {
  if (!pipe_.valid() || refuses_messages_) return false;
  if (!messages_.empty() && messages_.size() + payload.size() > kMessageBytesMax) return false;
  if (!proto::AppendFrame(payload, proto::Level::kBase, &messages_).ok()) return false;
  if (!waits_for_room_) Flush();
  return pipe_.valid();
}

void OrderQueue::RefuseMessages() {
  refuses_messages_ = true;
  messages_ = {};
}

// The first frame of messages_ becomes what is sent, once there is nothing else.
void OrderQueue::TakeMessage() {
  if (messages_.empty() || !unsent_.empty()) return;
  const size_t high = static_cast<unsigned char>(messages_[0]);
  const size_t low = static_cast<unsigned char>(messages_[1]);
  const size_t size = 2 + 256 * high + low;  // a base frame: its length, and so many bytes
  unsent_.assign(messages_, 0, size);        // may fail, and nothing has changed then
  message_left_ = size;
  messages_.erase(0, size);
  if (messages_.empty()) messages_.shrink_to_fit();
}

void OrderQueue::OnReady(uint32_t events) {
  if ((events & EPOLLERR) == 0) return Flush();
  Close();
  on_closed_();
}

void OrderQueue::Flush() {
  for (TakeMessage(); !unsent_.empty(); TakeMessage()) {
    const ssize_t written = write(pipe_.get(), unsent_.data(), unsent_.size());
    if (written >= 0) {
      unsent_.erase(0, static_cast<size_t>(written));
      message_left_ -= std::min(message_left_, static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) break;
    Close();  // EPIPE: nobody reads any more
    on_closed_();
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
  message_left_ = 0;
  messages_ = {};
}

}  // namespace fectl::runtime
