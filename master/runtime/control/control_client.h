#ifndef MASTER_RUNTIME_CONTROL_CONTROL_CLIENT_H_
#define MASTER_RUNTIME_CONTROL_CONTROL_CLIENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/basis/time.h"
#include "master/platform/loop/event_loop.h"
#include "master/runtime/control/access.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {

using ClientId = uint64_t;

class ControlClient;

class ControlClientOwner {
 public:
  virtual ~ControlClientOwner() = default;
  // Answer() is to be called once for each request, now or later; the next request is not read before.
  virtual void OnRequest(ControlClient& client, const proto::Request& request) = 0;
  // What is held for the client was so many bytes and is now so many.
  virtual void OnHeld(const ControlClient& client, size_t before, size_t now) = 0;
  // The connection is over. The owner destroys the client later, not from inside this call.
  virtual void OnClosed(ControlClient& client) = 0;
};

// One connection of the control socket: requests come in, one is answered at a time. What is held for a
// client is bounded: unread input by one request and one read, unsent output by one answer; no answer is
// begun before the one before it is gone, so a client which does not read stops itself. Records of
// subscriptions come at any time; beyond kRecordBytesMax they are dropped and counted, and a Gap tells of
// them as soon as the client has read the others. Where memory fails while a client is served, that client's
// connection ends, and nothing else.
class ControlClient final : private platform::FdWatcher {
 public:
  // The loop and the owner outlive it.
  ControlClient(ClientId id, const Peer& peer, base::UniqueFd socket, platform::EventLoop* loop,
                ControlClientOwner* owner)
      : id_(id),
        peer_(peer),
        socket_(std::move(socket)),
        loop_(loop),
        owner_(owner),
        reader_(proto::kBaseFrameBytesMax) {}
  ~ControlClient() override { Close(); }
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  absl::Status Watch();

  ClientId id() const { return id_; }
  const Peer& peer() const { return peer_; }
  size_t held_bytes() const { return held_; }
  bool closed() const { return !socket_.valid(); }
  proto::Level level() const { return level_; }

  // Ends the connection at once; the owner is told.
  void Close();

  // From here on the client is spoken to at this level. A level is never taken back.
  void SpeakAt(proto::Level level);
  // The final answer to the request.
  void Answer(const proto::Response& response);

  // From here on records may come for the subscription with this number, until EndSubscription().
  void BeginSubscription(int id) { subscriptions_.push_back({.id = id}); }
  void PushRecord(int id, const proto::EncodedMessage& message);
  // Says Ended, in `words`. Nothing happens when there is no such subscription.
  void EndSubscription(int id, const std::string& words);

  // Whether OnSecond() has anything to do for this client.
  bool wants_seconds() const {
    return !closed() && (WantsSigns() || !unsent_.empty() || reader_.mid_frame());
  }
  // Once a second: says that the master is alive, and drops a client which is stuck.
  void OnSecond(core::Instant now);

 private:
  struct Subscription {
    int id = 0;
    int64_t lost = 0;  // records since the last one that was sent
  };

  // Whether it gets a sign of life once a second.
  bool WantsSigns() const { return awaiting_ || level_ == proto::Level::kBase || !subscriptions_.empty(); }
  void OnReady(uint32_t events) override;
  template <typename Work>
  void OrClose(Work work);
  void ReadAndWrite(uint32_t events);
  void SecondPassed(core::Instant now);
  void ReadSome();
  void HandRequests();
  void Refuse(const std::string& words);
  void Push(const proto::Response& response);
  void Flush();
  void SayGaps();
  void WatchWhatIsNeeded();
  void TellHeld();

  ClientId id_;
  Peer peer_;
  base::UniqueFd socket_;
  platform::EventLoop* loop_;
  ControlClientOwner* owner_;
  proto::FrameReader reader_;
  proto::Level level_ = proto::Level::kBase;
  std::string unsent_;
  std::vector<Subscription> subscriptions_;
  size_t held_ = 0;                           // as the owner was told
  core::Instant stuck_since_ = core::kNever;  // unsent output did not move since; known from OnSecond() on
  size_t unsent_then_ = 0;
  uint32_t watched_events_ = 0;
  bool awaiting_ = false;                    // a request was handed over and not answered
  core::Instant torn_since_ = core::kNever;  // the beginning of a frame waits for its rest
  bool input_ended_ = false;                 // asks nothing more, may still read
  bool broken_ = false;                      // to be closed when the last words are sent
  bool handing_ = false;                     // inside HandRequests
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_CONTROL_CONTROL_CLIENT_H_
