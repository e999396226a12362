#ifndef MASTER_CORE_TESTING_SCRIPT_H_
#define MASTER_CORE_TESTING_SCRIPT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/supervisor.h"

namespace fectl::core {

// Drives a supervisor by hand, as the runtime would, without processes: a test says what happens and looks at
// what was decided. Time stands still unless the test moves it. Processes are named by their pid, which the
// script gives out as 1, 2, 3, ...
class Script {
 public:
  explicit Script(const std::vector<ServicePolicy>& policies, uint64_t seed = 1);

  // Starts the services; what they spawn comes up at once.
  void Boot();

  // Moves the clock in the steps of the deadlines, as the runtime does.
  void Pass(Span time);

  // What a process does.
  void Load(int32_t pid);
  void Beat(int32_t pid);
  void Exit(int32_t pid, int32_t code);
  void Die(int32_t pid, int32_t signal);
  void BeginMessage(int32_t pid);
  void Ask(int32_t pid, Urgency urgency = Urgency::kReload);
  void WearOut(int32_t pid, const std::string& words);
  void Disprove(int32_t pid, const std::string& words);
  void Leave(int32_t pid);  // says `stopping`
  void ConfigError(int32_t pid, const std::string& words);
  void Violate(int32_t pid, const std::string& words);
  void CloseChannel(int32_t pid);

  // What people do. The request's number.
  RequestId Command(Verb verb, ServiceId service = 0, std::optional<uint32_t> slot = {});
  void Shutdown(bool graceful);
  void Stall(Span length);

  // Any other event, and the incarnation that it may be about.
  void Step(const Event& event);
  const Incarnation& Who(int32_t pid) const;

  // From here on no process can be made.
  void BreakSpawning(const std::string& words, StartFailure failure = StartFailure::kPermanent) {
    spawn_error_ = words;
    spawn_failure_ = failure;
  }
  void MendSpawning() { spawn_error_.clear(); }

  // What was decided since the last call, in words: "spawn 3", "spawn 3 of plan 2" (where it is not the
  // first), "start 3", "stop 3", "TERM 3", "KILL 3", "reply 1 Started: words", "drop plan 2", "finish".
  // Reports are left out.
  std::vector<std::string> Decided();
  // The same, without forgetting it.
  const std::vector<std::string>& decided() const { return decided_; }
  // The newest record of a slot: "running pid 3: exited with code 1".
  std::string LastRecord(uint32_t slot, ServiceId service = 0) const;
  int Spawns() const { return last_pid_; }

  const Supervisor& supervisor() const { return supervisor_; }
  const Service& service(ServiceId id = 0) const { return *supervisor_.Find(id); }
  std::string State(ServiceId id = 0) const { return std::string(ToWord(service(id).state())); }
  Instant now() const { return at_.now; }
  const Moment& at() const { return at_; }
  // When something has to be done: the supervisor's own next_deadline() may be earlier.
  Instant Deadline() const;

 private:
  void SetTime(Instant now);
  void RunEffects();
  std::string Name(const Incarnation& who) const;
  // As FirstPlans() numbers them; of a service that is added later, what its test gives it.
  static PlanVersion FirstPlanOf(ServiceId service) { return service + 1; }

  Supervisor supervisor_;
  Moment at_;
  Effects effects_;
  std::vector<std::string> decided_;
  std::map<Incarnation, int32_t> pids_;
  std::map<int32_t, Incarnation> by_pid_;
  int32_t last_pid_ = 0;
  RequestId last_request_ = 0;
  std::string spawn_error_;
  StartFailure spawn_failure_ = StartFailure::kPermanent;
};

// A policy named "web" with round numbers: timeout 10 s, startup 30 s, shutdown 20 s, 3 restarts.
ServicePolicy Web(uint32_t num);

// That service with all its workers serving, pids 1 to num, and nothing decided since.
Script AllServing(uint32_t num, uint32_t max_surge = 0);

}  // namespace fectl::core

#endif  // MASTER_CORE_TESTING_SCRIPT_H_
