// What one client's connection is doing, how long it may do so, and when a drain may close it. Pure: the
// times go in, deadlines come out. The same words and limits hold for fectl's ready-made Python servers.
//
//   handshake        TLS is being agreed on
//   idle             waits for a request, and not one byte of it has come; also a fresh connection
//   unfinished head  from the first byte of a request until its head is complete
//   open request     from there to the last byte of the answer: first its body, then its answer
//   websocket        upgraded: without limits
#ifndef FECTL_WORKER_SDK_DRAIN_LIFETIME_H_
#define FECTL_WORKER_SDK_DRAIN_LIFETIME_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace fectl::drain {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// What a client had begun to send when `stop` came must have time to arrive.
inline constexpr int64_t kInFlightMs = 500;
inline constexpr int64_t kTlsHandshakeMs = 15'000;
// A body has request_timeout and one second more for each of these: large uploads pass, trickles do not.
inline constexpr int64_t kBodyBytesPerSecond = 500;

// The same names, and the same values when not given, as the arguments of a Python socket.
struct Limits {
  int64_t keepalive_ms = 75'000;        // an idle connection is closed; 0: after each answer
  int64_t header_timeout_ms = 30'000;   // for a head from its first byte, and for the first one; 0: no limit
  int64_t request_timeout_ms = 60'000;  // for a body, and for a client that takes nothing of its answer;
                                        // 0: no limit
  int64_t linger_ms = 2'000;  // in a drain an idle connection is closed this long after its last byte
};

class Lifetime {
 public:
  enum class Phase { kHandshake, kIdle, kHead, kBody, kAnswer, kUpgraded };

  // A connection that was accepted now. `limits` outlives it.
  Lifetime(const Limits& limits, int64_t now_ms) : limits_(&limits), since_ms_(now_ms) {}

  // --- what the application's protocol code has seen ---
  void HandshakeBegins(int64_t now_ms) { Enter(Phase::kHandshake, now_ms); }
  void HandshakeDone(int64_t now_ms) { Enter(Phase::kIdle, now_ms); }
  // Bytes came (of TLS: decrypted ones). To be called for all that is read, before it is looked at.
  void Received(size_t bytes, int64_t now_ms) {
    if (phase_ == Phase::kIdle) Enter(Phase::kHead, now_ms);
    if (phase_ == Phase::kBody) body_bytes_ += static_cast<int64_t>(bytes);
  }
  void HeadComplete(int64_t now_ms) {
    body_bytes_ = 0;
    Enter(Phase::kBody, now_ms);
  }
  // Also where there is no body. How long the application takes for its answer has no limit.
  void BodyComplete(int64_t now_ms) { Enter(Phase::kAnswer, now_ms); }
  // So many bytes of an answer were written. `blocked`: there are more, and the client has to take some
  // first.
  void Sent(size_t bytes, bool blocked, int64_t now_ms) {
    if (phase_ == Phase::kBody) Enter(Phase::kAnswer, now_ms);  // answered without waiting for the body
    if (bytes > 0 || !blocked_) since_ms_ = now_ms;
    blocked_ = blocked;
  }
  // The last byte was written. `begun`: bytes of the next request are there already.
  void AnswerDone(bool begun, int64_t now_ms) {
    fresh_ = false;
    Enter(begun ? Phase::kHead : Phase::kIdle, now_ms);
  }
  void Upgraded(int64_t now_ms) { Enter(Phase::kUpgraded, now_ms); }

  Phase phase() const { return phase_; }
  bool idle() const { return phase_ == Phase::kIdle; }

  // When this connection is to be ended, as it stands now. `stop_ms`: when the drain began. An idle one with
  // unread bytes in the kernel is never to be ended: they are a request.
  int64_t deadline_ms(std::optional<int64_t> stop_ms) const {
    switch (phase_) {
      case Phase::kHandshake:
        return since_ms_ + kTlsHandshakeMs;
      case Phase::kIdle:
        return IdleUntil(stop_ms);
      case Phase::kHead:
        return After(limits_->header_timeout_ms);
      case Phase::kBody:
        return After(limits_->request_timeout_ms, body_bytes_ * 1000 / kBodyBytesPerSecond);
      case Phase::kAnswer:
        return blocked_ ? After(limits_->request_timeout_ms) : kNever;
      case Phase::kUpgraded:
        break;
    }
    return kNever;
  }

 private:
  void Enter(Phase phase, int64_t now_ms) {
    phase_ = phase;
    since_ms_ = now_ms;
    blocked_ = false;
  }
  int64_t After(int64_t limit_ms, int64_t more_ms = 0) const {
    return limit_ms == 0 ? kNever : since_ms_ + limit_ms + more_ms;
  }
  int64_t IdleUntil(std::optional<int64_t> stop_ms) const {
    const int64_t in_service = fresh_ ? After(limits_->header_timeout_ms) : since_ms_ + limits_->keepalive_ms;
    if (!stop_ms) return in_service;
    const int64_t in_drain =
        std::max(since_ms_ + limits_->linger_ms, *stop_ms + std::min(kInFlightMs, limits_->linger_ms));
    return std::min(in_service, in_drain);
  }

  const Limits* limits_;
  Phase phase_ = Phase::kIdle;
  int64_t since_ms_;  // of the phase; kAnswer: of the last progress
  int64_t body_bytes_ = 0;
  bool blocked_ = false;
  bool fresh_ = true;  // not one answer yet
};

// What a drain had to cut off when its time was over.
struct CutOff {
  int answers = 0, heads = 0, websockets = 0, handshakes = 0;

  void Count(Lifetime::Phase phase) {
    using Phase = Lifetime::Phase;
    answers += phase == Phase::kBody || phase == Phase::kAnswer;
    heads += phase == Phase::kHead;
    websockets += phase == Phase::kUpgraded;
    handshakes += phase == Phase::kHandshake;
  }
  // "2 answers, 1 unfinished head were cut off"; empty when nothing was.
  std::string InWords() const {
    std::string words;
    int all = 0;
    const auto add = [&words, &all](int count, const char* word) {
      if (count == 0) return;
      words += (words.empty() ? "" : ", ") + std::to_string(count) + " " + word + (count == 1 ? "" : "s");
      all += count;
    };
    add(answers, "answer");
    add(heads, "unfinished head");
    add(websockets, "websocket");
    add(handshakes, "handshake");
    return words.empty() ? words : words + (all == 1 ? " was cut off" : " were cut off");
  }
};

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_LIFETIME_H_
