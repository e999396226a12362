// The worker's half of the conversation, without descriptors and without a clock: bytes and the time go in;
// frames to send, events for the application and the next deadline come out.
#ifndef FECTL_WORKER_SDK_SESSION_H_
#define FECTL_WORKER_SDK_SESSION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"
#include "worker_sdk/outbox.h"

namespace fectl::internal {

// How often to say that one lives: a quarter of the master's patience, so that one late or lost heartbeat is
// no death; at least every second, as base-level masters expect.
int64_t HeartbeatIntervalMs(std::optional<int64_t> timeout_ms);

class Session {
 public:
  enum class State { kLoading, kLoaded, kServing, kPaused, kStopping };
  enum class EventKind { kStart, kPause, kResume, kStop, kMasterLost, kMessage };
  struct Event {
    EventKind kind;
    std::string json;  // kMessage
  };

  // `level`: of the worker protocol, that both sides speak.
  Session(int level, int64_t heartbeat_interval_ms, int64_t shutdown_timeout_ms);

  // --- from the master ---
  // Commands which come glued together are all taken. An error: the stream cannot be understood; call Lost().
  absl::Status Received(std::string_view bytes, int64_t now_ms);
  // The channel ended. Events of what was received before come first.
  void Lost(int64_t now_ms);
  // SIGTERM came without a `stop`: treated as one, and the master is told that this is on purpose.
  void Terminated(int64_t now_ms);
  // The next thing to tell the application, or nullopt. State changes here, not in Received(), so that
  // state() agrees with the callback which runs.
  std::optional<Event> NextEvent();
  // The application has no other answer to the master's loss than to finish: false if it is finishing
  // already.
  bool StopForLoss();

  // --- from the application ---
  void Loaded(int64_t now_ms);
  void Heartbeat(int64_t now_ms);
  void HoldHeartbeats(bool hold, int64_t now_ms);
  void RequestReload() { Send(Outbox::Kind::kReload, proto::WorkerMessage::Kind::kReload); }
  void RequestRestart() { Send(Outbox::Kind::kRestart, proto::WorkerMessage::Kind::kRestart); }
  void ConfigError(std::string_view text) {
    Send(Outbox::Kind::kConfigError, proto::WorkerMessage::Kind::kConfigError, text);
  }
  void Status(std::string_view text);
  void Stopping(std::string_view text);
  // 0 seconds: busy no longer.
  void Lease(double seconds, std::string_view why, int64_t progress);
  absl::Status SetGauge(std::string_view name, double value);
  absl::Status SendMessage(std::string_view json);

  // --- time ---
  // Queues the heartbeat if it is due.
  void Tick(int64_t now_ms);
  // The heartbeat which found the outbox occupied is made up for as soon as it is empty.
  void OutboxEmptied(int64_t now_ms);
  std::optional<int64_t> deadline_ms() const;
  // When the master will kill this process; nothing before `stop` (or what stands for it) was received.
  std::optional<int64_t> kill_ms() const { return kill_ms_; }

  Outbox& outbox() { return outbox_; }
  State state() const { return state_; }
  bool lost() const { return lost_; }
  int level() const { return level_; }

 private:
  bool Send(Outbox::Kind kind, proto::WorkerMessage::Kind wire, std::string_view text = {});
  bool SendMessageFrame(Outbox::Kind kind, const proto::WorkerMessage& message);
  void Stop(int64_t now_ms);

  const int level_;
  const int64_t heartbeat_interval_ms_;
  const int64_t shutdown_timeout_ms_;

  proto::FrameReader reader_;
  Outbox outbox_;
  std::deque<Event> events_;
  State state_ = State::kLoading;
  bool start_received_ = false;  // and passed on, unless paused_
  bool start_told_ = false;
  bool paused_ = false;
  bool lost_ = false;
  std::optional<int64_t> kill_ms_;

  std::optional<int64_t> heartbeat_ms_;  // when due; nothing before Loaded()
  bool heartbeat_owed_ = false;
  bool heartbeats_held_ = false;
  std::map<std::string, double, std::less<>> gauges_;
  bool gauges_changed_ = false;
};

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_SESSION_H_
