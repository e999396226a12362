#include "master/runtime/order_queue.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "master/runtime/limits.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {

OrderQueue::~OrderQueue() {
  Close();
}

bool OrderQueue::Push(std::string_view payload) {
  if (!pipe_.valid() || unsent_.size() + payload.size() > kOrderBytesMax) return false;
  if (!proto::AppendFrame(payload, proto::Level::kBase, &unsent_).ok()) return false;
  if (!watched_) Flush();
  return pipe_.valid();
}

void OrderQueue::OnReady(uint32_t /*events*/) {
  Flush();
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
    return;
  }
  const bool wanted = !unsent_.empty();
  if (wanted == watched_) return;
  if (!wanted) {
    loop_->Unwatch(pipe_.get());
    watched_ = false;
  } else {
    // Without the watch the frames go out with the next push.
    watched_ = loop_->Watch(pipe_.get(), EPOLLOUT, this).ok();
  }
}

void OrderQueue::Close() {
  if (watched_) loop_->Unwatch(pipe_.get());
  watched_ = false;
  unsent_.clear();
  pipe_.reset();
}

}  // namespace fectl::runtime
