#include "master/core/service/service.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "master/core/basis/check.h"
#include "master/core/basis/overloaded.h"
#include "master/core/service/batch.h"

namespace fectl::core {

std::string_view ToWord(ServiceState state) {
  switch (state) {
    case ServiceState::kStopped:
      return "stopped";
    case ServiceState::kStarting:
      return "starting";
    case ServiceState::kRunning:
      return "running";
    case ServiceState::kPaused:
      return "paused";
    case ServiceState::kReloading:
      return "reloading";
    case ServiceState::kStopping:
      return "stopping";
    case ServiceState::kFailed:
      return "failed";
    case ServiceState::kWaiting:
      return "waiting";
    case ServiceState::kDone:
      return "done";
  }
  return "";
}

std::string_view ToWord(Condition condition) {
  switch (condition) {
    case Condition::kStopped:
      return ToWord(ServiceState::kStopped);
    case Condition::kStarting:
      return ToWord(ServiceState::kStarting);
    case Condition::kRunning:
      return ToWord(ServiceState::kRunning);
    case Condition::kDegraded:
      return "degraded";
    case Condition::kCrashing:
      return "crashing";
    case Condition::kPaused:
      return ToWord(ServiceState::kPaused);
    case Condition::kReloading:
      return ToWord(ServiceState::kReloading);
    case Condition::kStopping:
      return ToWord(ServiceState::kStopping);
    case Condition::kFailed:
      return ToWord(ServiceState::kFailed);
    case Condition::kWaiting:
      return ToWord(ServiceState::kWaiting);
    case Condition::kDone:
      return ToWord(ServiceState::kDone);
  }
  return "";
}

Service::Service(ServiceId id, Plan plan) : id_(id), plan_(std::move(plan)) {
  AddSlots(policy().num);
}

bool Service::operator==(const Service& other) const {
  const auto members = [](const Service& s) {
    return std::tie(s.id_, s.plan_, s.older_plans_, s.removing_, s.up_, s.up_since_, s.paused_, s.slots_,
                    s.awaited_, s.operation_, s.queued_, s.held_starts_, s.runs_, s.told_, s.log_);
  };
  return members(*this) == members(other);
}

void Service::AddSlots(uint32_t num) {
  for (auto i = static_cast<uint32_t>(slots_.size()); i < num; ++i) slots_.emplace_back(i);
  awaited_.resize(slots_.size());
  counted_.resize(slots_.size());
}

bool Service::Restore() {
  const size_t num = slots_.size();
  if (policy().num == 0 || num < policy().num || awaited_.size() != num) return false;
  for (size_t i = 0; i < num; ++i) {
    if (slots_[i].index() != i) return false;
  }
  const auto is_slot = [num](uint32_t index) { return index < num; };
  const auto count = [this](bool Awaited::*flag) {
    return static_cast<uint32_t>(
        std::count_if(awaited_.begin(), awaited_.end(), [flag](const Awaited& a) { return a.*flag; }));
  };
  const bool fits =
      std::visit(Overloaded{
                     [](const OneOf<std::monostate, StopOperation, WaitOperation> auto&) { return true; },
                     [&](StartOperation& start) {
                       start.awaited = count(&Awaited::awaited);
                       start.without_room = count(&Awaited::without_room);
                       return !start.failed.has_value() || is_slot(*start.failed);
                     },
                     [&](ReplaceOperation& replace) {
                       replace.awaited = count(&Awaited::awaited);
                       if (replace.by_operator && log_.newest() == nullptr) return false;
                       if (!replace.before.empty() && replace.before.size() != replace.slots.size())
                         return false;
                       return replace.committed <= replace.begun && replace.begun <= replace.slots.size() &&
                              std::all_of(replace.slots.begin(), replace.slots.end(), is_slot);
                     },
                 },
                 operation_);
  if (!fits) return false;
  counted_.resize(num);
  for (uint32_t i = 0; i < num; ++i) Count(i);
  return true;
}

bool ReloadsForNewSockets(ServiceState state, bool oneshot) {
  if (oneshot) return false;  // it would be run once more
  switch (state) {
    case ServiceState::kStarting:
    case ServiceState::kRunning:
    case ServiceState::kPaused:
    case ServiceState::kReloading:
      return true;
    case ServiceState::kWaiting:
    case ServiceState::kStopping:
    case ServiceState::kStopped:
    case ServiceState::kFailed:
    case ServiceState::kDone:
      return false;
  }
  return false;
}

ServiceState Service::state() const {
  if (!up_) return counts_.processes > 0 ? ServiceState::kStopping : ServiceState::kStopped;
  const ServiceState at_rest = counts_.given_up > 0                               ? ServiceState::kFailed
                               : paused_                                          ? ServiceState::kPaused
                               : counts_.done > 0 && counts_.done == policy().num ? ServiceState::kDone
                                                                                  : ServiceState::kRunning;
  return std::visit(Overloaded{
                        [&](const OneOf<std::monostate, StopOperation> auto&) { return at_rest; },
                        [](const StartOperation&) { return ServiceState::kStarting; },
                        [](const WaitOperation&) { return ServiceState::kWaiting; },
                        // A single worker that asked to be replaced makes the service no reloading one.
                        [&](const ReplaceOperation& replace) {
                          return replace.by_operator ? ServiceState::kReloading : at_rest;
                        },
                    },
                    operation_);
}

Condition Service::condition() const {
  switch (state()) {
    case ServiceState::kStopped:
      return Condition::kStopped;
    case ServiceState::kStarting:
      return policy().oneshot ? Condition::kRunning : Condition::kStarting;
    case ServiceState::kRunning:
      if (counts_.crashing > 0) return Condition::kCrashing;
      return counts_.ready < policy().num ? Condition::kDegraded : Condition::kRunning;
    case ServiceState::kPaused:
      return Condition::kPaused;
    case ServiceState::kReloading:
      return Condition::kReloading;
    case ServiceState::kStopping:
      return Condition::kStopping;
    case ServiceState::kFailed:
      return Condition::kFailed;
    case ServiceState::kWaiting:
      return Condition::kWaiting;
    case ServiceState::kDone:
      break;
  }
  return Condition::kDone;
}

std::string_view Service::word() const {
  return ToWord(condition());
}

void Service::Tell(StepContext& step, ServiceReport report) const {
  report.service = id_;
  report.number = ++step.newest_event;
  report.condition = word();
  report.num = policy().num;
  step.effects.emplace_back(std::move(report));
}

uint32_t Service::serving() const {
  return static_cast<uint32_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.serves(); }));
}

std::optional<std::pair<uint32_t, Cause>> Service::trouble() const {
  if (!up_) return std::nullopt;  // what is stopped on purpose has no trouble
  std::optional<std::pair<uint32_t, Cause>> any;
  for (uint32_t i = 0; i < policy().num; ++i) {
    const Slot& slot = slots_[i];
    if (slot.last_trouble().kind == Cause::Kind::kNone) continue;
    if (slot.given_up()) return std::pair(i, slot.last_trouble());
    if ((!slot.ready() || slot.crashing()) && !any.has_value()) any = std::pair(i, slot.last_trouble());
  }
  return any;
}

StepContext Service::ContextFor(const Moment& at, Generation& newest, EventNumber& newest_event,
                                Random& random, Effects& effects, bool ending) const {
  return StepContext{at, id_, policy(), plan(), paused_, newest, newest_event, random, effects, ending};
}

Slot& Service::MarkDirty(uint32_t index) {
  FECTL_CHECK(index < slots_.size(), "a slot that is changed exists");
  if (!counted_[index].dirty) {
    counted_[index].dirty = true;
    dirty_.push_back(index);
  }
  return slots_[index];
}

void Service::ReplyAll(StepContext& step, const std::vector<RequestId>& waiters, Answer answer,
                       const std::string& words) const {
  for (const RequestId request : waiters) {
    if (request != 0) step.effects.emplace_back(Reply{request, answer, words});  // else nobody waits
  }
}

std::string Service::SlotTrouble(uint32_t index) const {
  const Cause& cause = slots_[index].last_trouble();
  if (policy().oneshot) return ToWords(cause);
  std::string words = "worker(" + std::to_string(index + 1) + ") ";
  words += ToWords(cause);
  if (cause.kind == Cause::Kind::kExited || cause.kind == Cause::Kind::kSignaled)
    words += " before it was loaded";
  return words;
}

void Service::Boot(StepContext& step) {
  BeginStart(step, 0, MakeCause(Cause::Kind::kMasterStarted), /*alone=*/false);
}

void Service::OnStall(Span length) {
  for (uint32_t i = 0; i < slots_.size(); ++i) MarkDirty(i).ShiftDeadlines(length);
  if (auto* replace = std::get_if<ReplaceOperation>(&operation_)) {
    replace->until = replace->until + length;
    replace->progress_by = replace->progress_by + length;
  }
}

void Service::OnRoomMade(Instant now) {
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    if (counted_[i].waits_for_room) MarkDirty(i).OnRoomMade(now);
  }
}

void Service::Count(uint32_t index) {
  const Slot& slot = slots_[index];
  Counted& counted = counted_[index];
  const auto recount = [](bool now, bool* before, uint32_t* count) {
    *count += static_cast<uint32_t>(now) - static_cast<uint32_t>(*before);
    *before = now;
  };
  recount(slot.ready(), &counted.ready, &counts_.ready);
  recount(slot.given_up(), &counted.given_up, &counts_.given_up);
  recount(slot.crashing(), &counted.crashing, &counts_.crashing);
  recount(slot.waits_for_room(), &counted.waits_for_room, &counts_.waiting_for_room);
  recount(slot.done(), &counted.done, &counts_.done);
  counts_.processes += slot.process_count() - counted.processes;
  counted.processes = slot.process_count();
}

void Service::Arm(uint32_t index, Instant deadline, TimerQueue& timers) {
  if (deadline >= counted_[index].armed) return;
  counted_[index].armed = deadline;
  timers.Set({deadline, id_, index});
}

void Service::Rearm(uint32_t index, TimerQueue& timers) {
  if (index != TimerQueue::kServiceItself) return Arm(index, slots_[index].next_deadline(), timers);
  if (OwnDeadline(operation_) >= own_armed_) return;
  own_armed_ = OwnDeadline(operation_);
  timers.Set({own_armed_, id_, TimerQueue::kServiceItself});
}

void Service::SetAlarms(TimerQueue& timers) {
  own_armed_ = kNever;
  Rearm(TimerQueue::kServiceItself, timers);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    counted_[i].armed = kNever;
    Rearm(i, timers);
  }
}

bool Service::OnAlarm(const TimerQueue::Alarm& alarm, TimerQueue& timers) {
  if (alarm.slot == TimerQueue::kServiceItself) {
    if (own_armed_ != alarm.at) return false;
    own_armed_ = kNever;
    if (OwnDeadline(operation_) <= alarm.at) return true;
    Rearm(TimerQueue::kServiceItself, timers);
    return false;
  }
  if (alarm.slot >= slots_.size() || counted_[alarm.slot].armed != alarm.at) return false;
  counted_[alarm.slot].armed = kNever;
  const Instant deadline = slots_[alarm.slot].next_deadline();
  if (deadline <= alarm.at) return true;
  Arm(alarm.slot, deadline, timers);
  return false;
}

void Service::Settle(StepContext& step, TimerQueue& timers) {
  for (const uint32_t index : dirty_) {
    counted_[index].dirty = false;
    Count(index);
    Rearm(index, timers);
  }
  dirty_.clear();
  Rearm(TimerQueue::kServiceItself, timers);
  TrimSlots();
  DropOlderPlans(step);
  if (auto* stop = std::get_if<StopOperation>(&operation_); stop != nullptr && counts_.processes == 0) {
    const StopOperation done = std::move(*stop);
    operation_ = std::monostate{};
    ReplyAll(step, done.waiters, Answer::kStopped, policy().name + " is stopped");
  }
  if (waiting() != nullptr && waiting()->words.empty()) return;  // it is judged in this step: OnVerdict()
  if (const Condition now = condition(); now != told_.condition) {
    told_ = {now, step.at.now};
    Tell(step, {.what = ServiceReport::What::kCondition, .words = TroubleInWords()});
  }
}

void Service::OnOutcome(StepContext& step, uint32_t index, SlotOutcome outcome) {
  if (outcome == SlotOutcome::kNothing) return;
  if (std::holds_alternative<std::monostate>(operation_)) {
    // Also one that is ready: what is well is replaced while all are.
    if (outcome == SlotOutcome::kAsks || outcome == SlotOutcome::kReady) BeginWhatWaits(step);
    return;
  }
  if (outcome == SlotOutcome::kAsks) return;
  std::visit(Overloaded{
                 [](OneOf<std::monostate, StopOperation, WaitOperation> auto&) {},
                 [&](StartOperation& start) { OnStartOutcome(step, start, index, outcome); },
                 [&](ReplaceOperation& replace) { OnReplaceOutcome(step, replace, index, outcome); },
             },
             operation_);
}

void Service::OnStartOutcome(StepContext& step, StartOperation& start, uint32_t index, SlotOutcome outcome) {
  Awaited& awaited = awaited_[index];
  // Also one that this start has nothing to do with: "started" would not be true of a service that has
  // failed.
  if (outcome == SlotOutcome::kGaveUp && !start.failed.has_value()) start.failed = index;
  if (!awaited.awaited || outcome == SlotOutcome::kStartFailed || outcome == SlotOutcome::kLost) return;
  if (outcome == SlotOutcome::kNoRoom) {
    // It goes on trying, so it stays awaited while others are, too.
    start.without_room += awaited.without_room ? 0 : 1;
    awaited.without_room = true;
  } else {
    start.without_room -= awaited.without_room ? 1 : 0;
    awaited.without_room = false;
    awaited.awaited = false;
    FECTL_CHECK(start.awaited > 0, "a worker that is ready was counted as awaited");
    --start.awaited;
  }
  EndStartIfDone(step, start);
}

void Service::EndStartIfDone(StepContext& step, StartOperation& start) {
  if (start.awaited > start.without_room) return;
  for (uint32_t i = 0; start.without_room > 0 && i < slots_.size(); ++i) {
    if (!awaited_[i].without_room || slots_[i].waits_for_room()) continue;
    awaited_[i].without_room = false;  // it has found room
    --start.without_room;
  }
  if (start.awaited > start.without_room) return;
  const StartOperation done = std::move(start);
  operation_ = std::monostate{};
  std::optional<uint32_t> failed = done.failed;
  for (uint32_t i = 0; done.without_room > 0 && i < slots_.size(); ++i) {
    if (awaited_[i].without_room && !failed.has_value()) failed = i;
    awaited_[i].awaited = false;
    awaited_[i].without_room = false;
  }
  if (failed.has_value()) {
    std::string words = SlotTrouble(*failed);
    if (slots_[*failed].waits_for_room()) words += "; it is tried again until there is room";
    ReplyAll(step, done.waiters, Answer::kFailed, words);
  } else {
    ReplyAll(step, done.waiters, Answer::kStarted, "");
  }
  BeginWhatWaits(step);
}

std::string Service::WasStopped() const {
  return policy().name + " was told to stop meanwhile";
}

void Service::BeginStop(StepContext& step, RequestId request, StopMode mode, const Cause& cause) {
  AnswerWaiters(step);
  up_ = false;
  up_since_ = kNever;
  paused_ = false;
  StopOperation stop;
  if (request != 0) stop.waiters.push_back(request);
  operation_ = std::move(stop);
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    MarkDirty(i).ForgetUndrained();
    MarkDirty(i).RetireAll(step, mode, cause);
  }
}

void Service::Shutdown(StepContext& step, StopMode mode) {
  ReplyAll(step, std::exchange(held_starts_, {}), Answer::kErrorStopping, WasStopped());
  if (up_) BeginStop(step, 0, mode, MakeCause(Cause::Kind::kMasterStops));
  for (uint32_t i = 0; i < slots_.size(); ++i) MarkDirty(i).Hasten(step, mode);
}

}  // namespace fectl::core
