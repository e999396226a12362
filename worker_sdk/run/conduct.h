// What fectl-run makes of what it sees of its program: whether it is ready, whether it lives, what is to be
// asked next, and what people are told. Pure: what happened and the time (milliseconds of one steady clock)
// go in.
#ifndef FECTL_WORKER_SDK_RUN_CONDUCT_H_
#define FECTL_WORKER_SDK_RUN_CONDUCT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto_spec/program_signs.h"
#include "worker_sdk/run/notify/notification.h"

namespace fectl::run {

// How long a probe may take before the program is ready. (The service's `startup_timeout` bounds all of
// them.)
inline constexpr int64_t kReadyProbeMs = 10'000;
// From one probe that failed to the next, while the program is not ready.
inline constexpr int64_t kReadyPauseMs = 100;

class Conduct {
 public:
  // `ready` and `watchdog` as of proto::ParseReady() and proto::ParseWatchdog().
  Conduct(proto::ProgramSign ready, proto::ProgramSign watchdog);

  // --- what happened ---
  // It runs: its exec has succeeded.
  void Started(int64_t now_ms);
  // It said something over NOTIFY_SOCKET.
  void Notified(const Notification& said, int64_t now_ms);
  // The line that `ready` waits for was written.
  void LineSeen(int64_t now_ms);
  // A probe is over. `words`: what was wrong ("answered 503").
  void Probed(bool good, const std::string& words, int64_t now_ms);
  // The master paused the service, or resumed it.
  void Paused(bool paused) { paused_ = paused; }
  // It was asked to leave.
  void Stops() { stops_ = true; }
  // The clock moved on. To be called before the questions below.
  void TimePassed(int64_t now_ms);

  // --- what follows ---
  bool ready() const { return ready_; }
  // Whether the master may be told that this worker is alive.
  bool beats() const { return !silent_; }
  // It has sent STOPPING=1.
  bool leaves() const { return leaves_; }
  // The probe that is due now, and how long it may take. It is under way from then on, until Probed().
  struct Probe {
    proto::ProgramSign sign;
    int64_t limit_ms = 0;
  };
  std::optional<Probe> DueProbe(int64_t now_ms);
  // When TimePassed() is to be called at the latest.
  std::optional<int64_t> deadline_ms() const;
  // One line for people; empty: nothing is to be said.
  std::string status() const;
  // What it is waited for while it is not ready: "READY=1".
  std::string waits_for() const;

 private:
  const proto::ProgramSign& asked() const { return ready_ ? watchdog_ : ready_sign_; }
  void BecomeReady(int64_t now_ms);
  void Lives(int64_t now_ms);
  int64_t pause_ms() const;

  const proto::ProgramSign ready_sign_;
  const proto::ProgramSign watchdog_;
  bool ready_ = false;
  bool silent_ = false;
  bool stops_ = false;
  bool leaves_ = false;
  bool paused_ = false;
  bool reloading_ = false;
  std::optional<int64_t> ready_at_;  // `after`
  std::optional<int64_t> probe_at_;  // the next probe; nothing while one is under way
  int64_t silent_at_ = 0;            // when it counts as hung, unless it shows a sign of life before
  std::string said_;                 // its STATUS
  std::string trouble_;              // of the last probe
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_CONDUCT_H_
