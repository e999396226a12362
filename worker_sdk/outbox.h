// What a worker has to say while the master's pipe is full: bounded, without blocking, without losing what
// matters.
#ifndef FECTL_WORKER_SDK_OUTBOX_H_
#define FECTL_WORKER_SDK_OUTBOX_H_

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace fectl::internal {

// Pure. A frame is never torn: what was begun is finished before anything else.
class Outbox {
 public:
  // Frames of the same kind, except kMessage, stand for one another: only the newest unsent one is kept, at
  // the place of the old one. So the outbox holds at most one of each, and messages up to kMessageBytesMax.
  enum class Kind {
    kHeartbeat,
    kLoaded,
    kReload,
    kRestart,
    kConfigError,
    kStatus,
    kStopping,
    kLease,
    kMessage
  };

  // Messages of the application which may wait: four times a pipe's usual 64 KiB.
  static constexpr size_t kMessageBytesMax = 256 * 1024;

  // False: not taken. Heartbeats are taken only when nothing waits (one that arrives late proves nothing, and
  // what waits is a sign of life itself); messages only within kMessageBytesMax; the rest always.
  bool Push(Kind kind, std::string frame);

  // The unsent bytes of the first frame; empty when there is nothing to send.
  std::string_view front() const;
  // `bytes` of front() were written.
  void Sent(size_t bytes);
  bool empty() const { return frames_.empty(); }
  void Clear();

 private:
  struct Frame {
    Kind kind;
    std::string bytes;
  };
  std::deque<Frame> frames_;
  size_t front_sent_ = 0;     // bytes of the first frame which are written already
  size_t message_bytes_ = 0;  // of all kMessage frames
};

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_OUTBOX_H_
