#include "worker_sdk/session.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto_spec/environment.h"
#include "proto_spec/message.h"

namespace fectl::internal {
namespace {

using WireKind = proto::WorkerMessage::Kind;
using CommandKind = proto::MasterCommand::Kind;

constexpr int64_t kHeartbeatIntervalMsMax = 1000;
// Keeps a service with a very short timeout from spending its time on heartbeats.
constexpr int64_t kHeartbeatIntervalMsMin = 10;

}  // namespace

int64_t HeartbeatIntervalMs(std::optional<int64_t> timeout_ms) {
  if (!timeout_ms) return kHeartbeatIntervalMsMax;
  return std::clamp(*timeout_ms / 4, kHeartbeatIntervalMsMin, kHeartbeatIntervalMsMax);
}

Session::Session(int level, int64_t heartbeat_interval_ms, int64_t shutdown_timeout_ms)
    : level_(level),
      heartbeat_interval_ms_(heartbeat_interval_ms),
      shutdown_timeout_ms_(shutdown_timeout_ms),
      reader_(proto::kBaseFrameBytesMax) {}

absl::Status Session::Received(std::string_view bytes, int64_t now_ms) {
  reader_.Append(bytes);
  while (true) {
    auto payload = reader_.Next();
    if (!payload.ok()) return payload.status();
    if (!payload->has_value()) return absl::OkStatus();
    auto command = proto::DecodeMasterCommand(**payload);
    // A newer master may know more words than this worker.
    if (absl::IsUnimplemented(command.status())) continue;
    if (!command.ok()) return command.status();
    switch (command->kind) {
      case CommandKind::kStart:
        events_.push_back({EventKind::kStart, {}});
        break;
      case CommandKind::kPause:
        events_.push_back({EventKind::kPause, {}});
        break;
      case CommandKind::kResume:
        events_.push_back({EventKind::kResume, {}});
        break;
      case CommandKind::kStop:
        Stop(now_ms);
        break;
      case CommandKind::kAppMessage:
        events_.push_back({EventKind::kMessage, std::move(command->json)});
        break;
      case CommandKind::kPrepare:    // answers `forked`, which is never sent
      case CommandKind::kHeartbeat:  // the end of the channel is what tells of a lost master
      case CommandKind::kDump:       // of no use here: what reads this does not hang
        break;
    }
  }
}

// The time starts when the command is received, not when the application is told.
void Session::Stop(int64_t now_ms) {
  if (kill_ms_) return;
  kill_ms_ = now_ms + shutdown_timeout_ms_;
  events_.push_back({EventKind::kStop, {}});
}

void Session::Lost(int64_t now_ms) {
  if (lost_) return;
  lost_ = true;
  outbox_.Clear();
  heartbeat_ms_.reset();
  heartbeat_owed_ = false;
  // Nobody kills an orphan; the bound for its Run() is its own.
  if (!kill_ms_) kill_ms_ = now_ms + shutdown_timeout_ms_;
  events_.push_back({EventKind::kMasterLost, {}});
}

void Session::Terminated(int64_t now_ms) {
  if (kill_ms_) return;
  // Not in the form of a base-level `reload`: an old master sends SIGTERM together with `stop`, and may read
  // this while it is stopping the worker.
  if (level_ >= 2) Stopping("received SIGTERM");
  Stop(now_ms);
}

bool Session::StopForLoss() {
  if (state_ == State::kStopping) return false;
  state_ = State::kStopping;
  return true;
}

std::optional<Session::Event> Session::NextEvent() {
  while (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    if (event.kind == EventKind::kMessage || event.kind == EventKind::kMasterLost) return event;
    // Whoever is leaving has no other orders to follow.
    if (state_ == State::kStopping) continue;
    switch (event.kind) {
      case EventKind::kStop:
        state_ = State::kStopping;
        return event;
      case EventKind::kStart:
        start_received_ = true;
        break;
      case EventKind::kPause:
        paused_ = true;
        break;
      default:
        paused_ = false;
        break;
    }
    // An application that was never started is not paused or resumed: it is started when nothing holds it.
    if (!start_told_) {
      if (!start_received_ || paused_) continue;
      start_told_ = true;
      state_ = State::kServing;
      return Event{EventKind::kStart, {}};
    }
    const State wanted = paused_ ? State::kPaused : State::kServing;
    if (state_ == wanted) continue;
    state_ = wanted;
    return Event{paused_ ? EventKind::kPause : EventKind::kResume, {}};
  }
  return std::nullopt;
}

void Session::Loaded(int64_t now_ms) {
  if (lost_ || heartbeat_ms_) return;
  proto::WorkerMessage message;
  message.kind = WireKind::kLoaded;
  message.level = level_;
  SendMessageFrame(Outbox::Kind::kLoaded, message);
  if (state_ == State::kLoading) state_ = State::kLoaded;
  heartbeat_ms_ = now_ms + heartbeat_interval_ms_;
}

void Session::Heartbeat(int64_t now_ms) {
  if (!heartbeat_ms_) return;  // not loaded yet, or the master is gone
  heartbeat_ms_ = now_ms + heartbeat_interval_ms_;
  if (heartbeats_held_) return;
  proto::WorkerMessage message;
  message.kind = WireKind::kHeartbeat;
  if (level_ >= 2 && gauges_changed_) message.gauges.assign(gauges_.begin(), gauges_.end());
  if (SendMessageFrame(Outbox::Kind::kHeartbeat, message)) {
    heartbeat_owed_ = false;
    gauges_changed_ = false;
  } else {
    heartbeat_owed_ = true;
  }
}

void Session::HoldHeartbeats(bool hold, int64_t now_ms) {
  const bool let_go = heartbeats_held_ && !hold;
  heartbeats_held_ = hold;
  if (let_go) Heartbeat(now_ms);
}

void Session::Tick(int64_t now_ms) {
  if (heartbeat_ms_ && now_ms >= *heartbeat_ms_) Heartbeat(now_ms);
}

void Session::OutboxEmptied(int64_t now_ms) {
  if (heartbeat_owed_) Heartbeat(now_ms);
}

std::optional<int64_t> Session::deadline_ms() const {
  return heartbeat_ms_;
}

void Session::Status(std::string_view text) {
  if (level_ >= 2) Send(Outbox::Kind::kStatus, WireKind::kStatus, text);
}

void Session::Stopping(std::string_view text) {
  if (level_ >= 2) {
    Send(Outbox::Kind::kStopping, WireKind::kStopping, text);
  } else {
    RequestReload();
  }
}

void Session::Lease(double seconds, std::string_view why, int64_t progress) {
  if (level_ < 3) return;
  proto::WorkerMessage message;
  message.kind = WireKind::kLease;
  message.text = std::string(why);
  message.seconds = seconds;
  message.progress = progress;
  SendMessageFrame(Outbox::Kind::kLease, message);
}

absl::Status Session::SetGauge(std::string_view name, double value) {
  if (!proto::ValidName(name)) {
    return absl::InvalidArgumentError(absl::StrCat("gauge name ", proto::QuotedStart(name),
                                                   " is not 1 to 64 of letters, digits, '.', '_' and '-'"));
  }
  if (!std::isfinite(value)) {
    return absl::InvalidArgumentError(absl::StrCat("gauge ", absl::string_view(name.data(), name.size()),
                                                   ": the value is not a finite number"));
  }
  auto gauge = gauges_.find(name);
  if (gauge == gauges_.end()) {
    if (gauges_.size() >= proto::kGaugesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("more than ", proto::kGaugesMax, " gauges"));
    }
    gauge = gauges_.emplace(std::string(name), value).first;
  } else if (gauge->second == value) {
    return absl::OkStatus();
  }
  gauge->second = value;
  gauges_changed_ = true;
  return absl::OkStatus();
}

absl::Status Session::SendMessage(std::string_view json) {
  if (lost_) return absl::FailedPreconditionError("the master is gone");
  if (level_ < 2) {
    return absl::FailedPreconditionError(
        "the master does not understand messages (it does not offer level 2 in FECTL_PROTO)");
  }
  if (json.size() > proto::kAppMessageBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a message of ", json.size(), " bytes; at most ",
                                                   proto::kAppMessageBytesMax, " can be sent"));
  }
  if (!proto::ValidJson(json)) {
    return absl::InvalidArgumentError(absl::StrCat("not JSON: ", proto::QuotedStart(json)));
  }
  if (!Send(Outbox::Kind::kMessage, WireKind::kAppMessage, json)) {
    return absl::ResourceExhaustedError("the master has not read the messages sent before");
  }
  return absl::OkStatus();
}

bool Session::Send(Outbox::Kind kind, WireKind wire, std::string_view text) {
  proto::WorkerMessage message;
  message.kind = wire;
  message.text = std::string(text);
  return SendMessageFrame(kind, message);
}

bool Session::SendMessageFrame(Outbox::Kind kind, const proto::WorkerMessage& message) {
  if (lost_) return false;
  std::string frame;
  // Cannot fail: texts are cut, gauges counted and messages measured so that a base frame holds them.
  if (!proto::AppendFrame(proto::EncodeWorkerMessage(message), proto::Level::kBase, &frame).ok())
    return false;
  return outbox_.Push(kind, std::move(frame));
}

}  // namespace fectl::internal
