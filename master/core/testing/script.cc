#include "master/core/testing/script.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/check.h"
#include "master/core/testing/words.h"

namespace fectl::core {
ServicePolicy Web(uint32_t num) {
  ServicePolicy policy;
  policy.name = "web";
  policy.num = num;
  policy.shutdown_timeout = Seconds(20);
  return policy;
}

Script AllServing(uint32_t num, uint32_t max_surge) {
  ServicePolicy policy = Web(num);
  policy.rollout.max_surge = max_surge;
  Script script({policy});
  script.Boot();
  for (uint32_t pid = 1; pid <= num; ++pid) script.Load(static_cast<int32_t>(pid));
  script.Decided();
  return script;
}

Script::Script(const std::vector<ServicePolicy>& policies, uint64_t seed)
    : supervisor_(FirstPlans(policies), seed) {
  SetTime(Instant{1'000'000'000});
  sim_checks = true;
}

void Script::SetTime(Instant now) {
  at_.now = now;
  at_.wall_seconds = 1'699'999'999 + now.ns / 1'000'000'000;
}

void Script::Boot() {
  supervisor_.Boot(at_, effects_);
  RunEffects();
}

void Script::Pass(Span time) {
  const Instant end = at_.now + time;
  while (supervisor_.next_deadline() <= end) {
    SetTime(std::max(at_.now, supervisor_.next_deadline()));
    Step(TimePassed{});
  }
  SetTime(end);
}

void Script::Load(int32_t pid) {
  Step(WorkerLoaded{Who(pid)});
}
void Script::Beat(int32_t pid) {
  Step(WorkerBeat{Who(pid)});
}
void Script::BeginMessage(int32_t pid) {
  Step(WorkerBeganMessage{Who(pid)});
}
void Script::Exit(int32_t pid, int32_t code) {
  Step(Exited{.who = Who(pid), .number = code});
}
void Script::Die(int32_t pid, int32_t signal) {
  Step(Exited{.who = Who(pid), .signaled = true, .number = signal});
}
void Script::Ask(int32_t pid, Urgency urgency) {
  Step(WorkerAsked{Who(pid), urgency, false, {}});
}
void Script::WearOut(int32_t pid, const std::string& words) {
  Step(WorkerWornOut{Who(pid), words});
}

void Script::Disprove(int32_t pid, const std::string& words) {
  Step(WorkerDisproved{Who(pid), words});
}

void Script::Leave(int32_t pid) {
  Step(WorkerAsked{Who(pid), Urgency::kReload, true, "enough"});
}
void Script::ConfigError(int32_t pid, const std::string& words) {
  Step(WorkerConfigError{Who(pid), words});
}
void Script::Violate(int32_t pid, const std::string& words) {
  Step(WorkerViolated{Who(pid), words});
}
void Script::CloseChannel(int32_t pid) {
  Step(ChannelClosed{Who(pid)});
}
void Script::Shutdown(bool graceful) {
  Step(ShutdownAsked{.graceful = graceful});
}
void Script::Stall(Span length) {
  SetTime(at_.now + length);
  Step(Stalled{length});
}

Instant Script::Deadline() const {
  Instant earliest = kNever;
  for (const Service& service : supervisor_.services()) {
    for (const Slot& slot : service.slots()) earliest = std::min(earliest, slot.next_deadline());
  }
  return earliest;
}

RequestId Script::Command(Verb verb, ServiceId service, std::optional<uint32_t> slot) {
  Step(Commanded{.request = ++last_request_, .service = service, .verb = verb, .slot = slot});
  return last_request_;
}

std::vector<std::string> Script::Decided() {
  return std::exchange(decided_, {});
}

std::string Script::LastRecord(uint32_t slot, ServiceId id) const {
  const std::vector<Record>& records = service(id).slots()[slot].history().records();
  if (records.empty()) return "";
  const Record& record = records.back();
  std::string text(ToWord(record.milestone));
  if (record.pid != 0) text += " pid " + std::to_string(record.pid);
  if (const std::string words = ToWords(record.cause); !words.empty()) text += ": " + words;
  return text;
}

std::string Script::Name(const Incarnation& who) const {
  const auto found = pids_.find(who);
  return found == pids_.end() ? "?" : std::to_string(found->second);
}

const Incarnation& Script::Who(int32_t pid) const {
  return by_pid_.at(pid);
}

void Script::Step(const Event& event) {
  supervisor_.Step(event, at_, effects_);
  RunEffects();
}

void Script::RunEffects() {
  for (const Effect& effect : std::exchange(effects_, {})) {
    if (const auto* spawn = std::get_if<Spawn>(&effect)) {
      if (!spawn_error_.empty()) {
        decided_.emplace_back("spawn fails");
        Step(SpawnFailed{spawn->who, spawn_error_, spawn_failure_});
        continue;
      }
      pids_[spawn->who] = ++last_pid_;
      by_pid_[last_pid_] = spawn->who;
      decided_.push_back("spawn " + Name(spawn->who));
      if (spawn->plan != FirstPlanOf(spawn->who.service))
        decided_.back() += " of plan " + std::to_string(spawn->plan);
      Step(Spawned{spawn->who, last_pid_});
    } else if (const auto* send = std::get_if<Send>(&effect)) {
      decided_.push_back(std::string(Word(send->order)) + " " + Name(send->who));
    } else if (const auto* signal = std::get_if<Signal>(&effect)) {
      decided_.push_back(std::string(Word(signal->sig)) + " " + Name(signal->who));
    } else if (const auto* examine = std::get_if<Examine>(&effect)) {
      decided_.push_back("examine " + Name(examine->who));
    } else if (const auto* reply = std::get_if<Reply>(&effect)) {
      std::string text = "reply " + std::to_string(reply->request) + " " + std::string(Word(reply->answer));
      if (!reply->words.empty()) text += ": " + reply->words;
      decided_.push_back(text);
    } else if (const auto* drop = std::get_if<DropPlan>(&effect)) {
      decided_.push_back("drop plan " + std::to_string(drop->plan));
    } else if (const auto* forget = std::get_if<ForgetService>(&effect)) {
      decided_.push_back("forget service " + std::to_string(forget->service));
    } else if (std::holds_alternative<Finish>(effect)) {
      decided_.emplace_back("finish");
    }
  }
}

}  // namespace fectl::core
