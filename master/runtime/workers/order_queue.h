#ifndef MASTER_RUNTIME_WORKERS_ORDER_QUEUE_H_
#define MASTER_RUNTIME_WORKERS_ORDER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// What goes to one worker: writes at once, and keeps what the pipe does not take until it does. Bounded by
// kOrderBytesMax: beyond that a frame is dropped whole, never torn. A pipe whose
// reader has closed it is no error: exits are reported elsewhere.
class OrderQueue final : private platform::FdWatcher {
 public:
  // `loop` outlives it. `on_closed` is called once, from the loop or from within Push().
  OrderQueue(platform::EventLoop* loop, base::UniqueFd pipe, std::function<void()> on_closed);
  ~OrderQueue() override;
  OrderQueue(const OrderQueue&) = delete;
  OrderQueue& operator=(const OrderQueue&) = delete;

  // One payload as one frame. False when it was dropped.
  bool Push(std::string_view payload);
  // The same for a message of the application's own, of which kMessageBytesMax are kept beside the one that
  // has begun. Commands overtake it: a worker that does not read messages is stopped all the same. False:
  // there is no room for it, or RefuseMessages() was called.
  bool PushMessage(std::string_view payload);
  // From here on no message goes out any more that has not begun to.
  void RefuseMessages();
  bool refuses_messages() const { return refuses_messages_; }
  // True once the worker has closed its end of the pipe.
  bool closed() const { return !pipe_.valid(); }

 private:
  void OnReady(uint32_t events) override;
  void Flush();
  void TakeMessage();
  void WaitForRoom(bool wanted);
  void Close();

  platform::EventLoop* loop_;
  base::UniqueFd pipe_;
  std::function<void()> on_closed_;
  std::string unsent_;       // frames; a message at its beginning alone
  size_t message_left_ = 0;  // bytes of it that are a message
  std::string messages_;     // frames that wait until unsent_ is empty
  bool refuses_messages_ = false;
  bool watched_ = false;         // for the end of its reader
  bool waits_for_room_ = false;  // for room in the pipe, too
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WORKERS_ORDER_QUEUE_H_
