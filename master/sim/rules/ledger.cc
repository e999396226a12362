#include "master/sim/rules/ledger.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {

Ledger::Ledger(const std::vector<core::ServicePolicy>& policies) {
  for (const core::Plan& plan : core::FirstPlans(policies)) Add(plan);
}

namespace {

bool NamesOthers(const core::ServicePolicy& policy) {
  return !policy.after.empty() || !policy.require.empty() || !policy.before_roll.empty();
}

// When one that has begun at `since` must be loaded; of a oneshot: must have ended.
core::Instant FirstDeadline(const Life& life, const core::ServicePolicy& policy, core::Instant since) {
  if (!life.oneshot) return since + policy.startup_timeout;
  return policy.timeout == core::Span{} ? core::kNever : since + policy.timeout;
}

}  // namespace

bool Ledger::Names(core::ServiceId service, const std::string& other) const {
  const core::ServicePolicy& own = policy(service);
  return std::find(own.after.begin(), own.after.end(), other) != own.after.end() ||
         std::find(own.require.begin(), own.require.end(), other) != own.require.end();
}

void Ledger::Add(const core::Plan& plan) {
  ordered_ = ordered_ || NamesOthers(plan.policy);
  plans_.push_back(plan);
  removed_.push_back(false);
  rolls_.push_back(false);
  lives_.emplace_back(plan.policy.num);
}

void Ledger::Resize(core::ServiceId service, uint32_t num) {
  plans_[service].policy.num = num;
  if (num > lives_[service].size()) lives_[service].resize(num);
}

// What was promised stays; only the time to start may become less.
void Ledger::TakePlan(const core::PlanChanged& change, core::Instant now) {
  const core::ServicePolicy& policy = change.plan.policy;
  plans_[change.service] = change.plan;
  ordered_ = ordered_ || NamesOthers(policy);
  Resize(change.service, policy.num);
  for (std::vector<Life>& slot : lives_[change.service]) {
    for (Life& life : slot) {
      if (life.told()) continue;
      if (!life.loaded && (!life.closed || life.oneshot) && life.pid != 0)
        life.deadline = std::max(FirstDeadline(life, policy, life.spawned_at), life.busy.until);
      const core::Span more{std::max<int64_t>(0, policy.timeout.ns - life.timeout.ns)};
      if (life.loaded && !life.closed && more > core::Span{}) {
        life.deadline = life.busy.until < life.deadline ? life.deadline + more
                                                        : std::max(life.deadline, now + life.timeout + more);
      }
      life.timeout = life.timeout + more;
      life.shutdown_timeout = std::max(life.shutdown_timeout, policy.shutdown_timeout);
    }
  }
}

void Ledger::TakeChange(const core::Event& event, core::Instant now) {
  const auto is_here = [this](core::ServiceId service) {
    return service < removed_.size() && !removed_[service];
  };
  if (const auto* added = std::get_if<core::ServiceAdded>(&event)) {
    Add(added->plan);
  } else if (const auto* removed = std::get_if<core::ServiceRemoved>(&event)) {
    if (is_here(removed->service)) removed_[removed->service] = true;
  } else if (const auto* resized = std::get_if<core::ServiceResized>(&event)) {
    if (is_here(resized->service)) Resize(resized->service, resized->num);
  } else if (const auto* changed = std::get_if<core::PlanChanged>(&event)) {
    if (is_here(changed->service)) TakePlan(*changed, now);
  }
}

bool Ledger::HasProcess(core::ServiceId service) const {
  return std::any_of(lives_[service].begin(), lives_[service].end(), [](const std::vector<Life>& slot) {
    return std::any_of(slot.begin(), slot.end(),
                       [](const Life& life) { return !life.ended && !life.alarmed; });
  });
}

bool Ledger::Uses(core::PlanVersion plan) const {
  for (core::ServiceId id = 0; id < lives_.size(); ++id) {
    if (!removed_[id] && plans_[id].version == plan) return true;
    for (const std::vector<Life>& slot : lives_[id]) {
      for (const Life& life : slot) {
        const bool forgotten = removed_[id] && life.alarmed;
        if (life.plan == plan && !life.ended && !forgotten) return true;
      }
    }
  }
  return false;
}

const Life* Ledger::Find(const core::Incarnation& who) const {
  if (who.service >= lives_.size() || who.slot >= lives_[who.service].size()) return nullptr;
  for (const Life& life : lives_[who.service][who.slot]) {
    if (life.who.generation == who.generation) return &life;
  }
  return nullptr;
}

Life* Ledger::Find(const core::Incarnation& who) {
  return const_cast<Life*>(std::as_const(*this).Find(who));  // NOLINT(*-const-cast): the one search for both
}

const Life* Ledger::WithPid(core::ServiceId service, uint32_t slot, int32_t pid) const {
  for (const Life& life : lives_[service][slot]) {
    if (life.pid == pid) return &life;
  }
  return nullptr;
}

const Life* Ledger::Successor(const Life& life) const {
  for (const Life& other : lives_[life.who.service][life.who.slot]) {
    if (other.who.generation > life.who.generation && other.on_duty()) return &other;
  }
  return nullptr;
}

bool Ledger::IsNext(const Life& life) const {
  if (life.took_over) return false;
  const std::vector<Life>& lives = lives_[life.who.service][life.who.slot];
  return std::any_of(lives.begin(), lives.end(), [&life](const Life& other) {
    return other.who.generation < life.who.generation && other.on_duty();
  });
}

uint32_t Ledger::ReadyWithout(core::ServiceId service, const Life* life) const {
  uint32_t ready = 0;
  for (uint32_t slot = 0; slot < policy(service).num; ++slot) {
    const std::vector<Life>& lives = lives_[service][slot];
    ready += std::any_of(lives.begin(), lives.end(),
                         [life](const Life& one) { return one.on_duty() && &one != life; })
                 ? 1
                 : 0;
  }
  return ready;
}

bool Ledger::Begins(core::ServiceId service) const {
  const auto begins = [this](const Life& life) {
    return !life.told() && !life.ended && (!life.loaded || IsNext(life));
  };
  return std::any_of(lives_[service].begin(), lives_[service].end(), [&](const std::vector<Life>& slot) {
    return std::any_of(slot.begin(), slot.end(), begins);
  });
}

void Ledger::Take(const core::Event& event, const core::Moment& at) {
  if (const core::Incarnation* who = Concerns(event)) {
    if (Life* life = Find(*who)) TakeOf(*life, event, at);
    return;
  }
  TakeChange(event, at.now);
  if (const auto* asked = std::get_if<core::ShutdownAsked>(&event)) TakeShutdown(*asked, at);
  const auto* stalled = std::get_if<core::Stalled>(&event);
  if (stalled == nullptr) return;
  for (auto& service : lives_) {
    for (auto& slot : service) {
      for (Life& life : slot) {
        life.deadline = life.deadline + stalled->length;
        life.message_due = life.message_due + stalled->length;
        if (life.busy.until != core::Instant{}) life.busy.until = life.busy.until + stalled->length;
      }
    }
  }
}

// What a process that has ended has left of its group gets no signal, and as little time as a process.
void Ledger::TakeShutdown(const core::ShutdownAsked& asked, const core::Moment& at) {
  if (asked.request != 0 && shutdown_stage_ > 0) return;
  const int meant = asked.graceful ? 1 : 2;
  shutdown_stage_ = shutdown_stage_ < meant ? meant : shutdown_stage_ + 1;
  if (shutdown_stage_ != 2) return;
  for (auto& service : lives_) {
    for (auto& slot : service) {
      for (Life& life : slot) {
        if (!life.told() || !life.process_ended || life.told_kill || life.told_quit) continue;
        life.told_quit = true;
        life.grace = core::kQuickGrace;
        life.deadline = std::min(life.deadline, at.now + life.grace);
      }
    }
  }
}

// One goes on where there is progress, and then never ends earlier than it would have.
void Ledger::TakeLease(Life& life, const core::WorkerLeased& leased, core::Span max_lease,
                       core::Instant now) {
  life.message_due = core::kNever;
  if (life.told() || life.oneshot || life.closed || life.pid == 0) return;
  const bool is_busy = life.busy.until > now;
  if (leased.length == core::Span{}) {
    if (is_busy) life.deadline = now + (life.loaded ? life.timeout : life.busy.left_to_start);
    if (is_busy) life.busy = {};
    return;
  }
  if (is_busy && leased.progress <= life.busy.progress) return;
  const core::Span length = std::min(leased.length, max_lease);
  if (!is_busy) life.busy.left_to_start = core::Span{std::max<int64_t>(0, (life.deadline - now).ns)};
  if (!is_busy || life.busy.until <= now + length) {
    life.busy.until = now + length;
    life.busy.length = length;
  }
  life.busy.progress = leased.progress;
  life.busy.why = leased.words;
  life.deadline = std::max(life.deadline, life.busy.until);
}

void Ledger::TakeOf(Life& life, const core::Event& event, const core::Moment& at) {
  if (std::holds_alternative<core::WorkerBeat>(event)) {
    life.message_due = core::kNever;
    if (life.on_duty() && !life.closed) life.deadline = std::max(at.now + life.timeout, life.busy.until);
  } else if (const auto* spawned = std::get_if<core::Spawned>(&event)) {
    if (life.pid != 0) return;
    life.pid = spawned->pid;
    if (life.told()) return;
    life.spawned_at = at.now;
    life.deadline = FirstDeadline(life, policy(life.who.service), at.now);
  } else if (std::holds_alternative<core::WorkerLoaded>(event)) {
    life.message_due = core::kNever;
    if (life.loaded || life.told() || life.oneshot) return;
    life.loaded = true;
    life.loaded_at = at.now;
    life.deadline = at.now + life.timeout;
    life.busy = {};
  } else if (const auto* leased = std::get_if<core::WorkerLeased>(&event)) {
    TakeLease(life, *leased, policy(life.who.service).max_lease, at.now);
  } else if (std::holds_alternative<core::WorkerBeganMessage>(event)) {
    if (!life.told() && !life.oneshot)
      life.message_due = std::min(life.message_due, at.now + core::kMessageGrace);
  } else if (std::holds_alternative<core::WorkerAsked>(event)) {
    life.asked = true;
    life.excused = life.excused || std::get<core::WorkerAsked>(event).leaves;
    // A worker that is being replaced already, or does not serve yet, asks for nothing new.
    const bool is_newest = lives_[life.who.service][life.who.slot].back().who == life.who;
    if (life.on_duty() && is_newest && !IsNext(life)) life.asked_at = std::min(life.asked_at, at.now);
  } else if (std::holds_alternative<core::WorkerWornOut>(event)) {
    if (!life.on_duty() || IsNext(life)) return;
    life.worn = true;
    // Its age is not looked at again so soon.
    if (life.old_by != core::kNever) life.old_by = std::max(life.old_by, at.now + core::kRecyclePause);
    const bool is_newest = lives_[life.who.service][life.who.slot].back().who == life.who;
    if (is_newest) life.worn_at = std::min(life.worn_at, at.now);
  } else if (std::holds_alternative<core::ChannelClosed>(event)) {
    if (!life.closed && !life.told() && !life.oneshot)
      life.deadline = std::min(life.deadline, at.now + core::kChannelGrace);
    if (!life.oneshot) life.busy = {};
    life.closed = true;
  } else if (const auto* exited = std::get_if<core::Exited>(&event);
             exited != nullptr && exited->group_left) {
    life.process_ended = true;
    NoLongerKept(life);
  } else if (Ends(event) || (std::holds_alternative<core::GroupEnded>(event) && life.process_ended)) {
    life.ended = true;
    NoLongerKept(life);
    ended_.push_back(life.who);
  }
}

size_t Ledger::WithTime(core::ServiceId service, uint32_t slot) const {
  const std::vector<Life>& lives = lives_[service][slot];
  return static_cast<size_t>(
      std::count_if(lives.begin(), lives.end(), [](const Life& l) { return l.has_time(); }));
}

const Life* Ledger::FirstTold(core::ServiceId service, uint32_t slot) const {
  const Life* first = nullptr;
  for (const Life& life : lives_[service][slot]) {
    if (life.has_time() && (first == nullptr || life.told_order < first->told_order)) first = &life;
  }
  return first;
}

void Ledger::Take(const core::Effect& effect, const core::Event* event, const core::Moment& at) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    ++size_;
    for (Life& other : lives_[spawn->who.service][spawn->who.slot]) {
      other.asked_at = core::kNever;
      other.worn_at = core::kNever;
      if (other.old_by != core::kNever) other.old_by = std::max(other.old_by, at.now + core::kRecyclePause);
    }
    Life& life = lives_[spawn->who.service][spawn->who.slot].emplace_back();
    life.who = spawn->who;
    life.plan = spawn->plan;
    life.spawned_at = at.now;
    life.timeout = policy(spawn->who.service).timeout;
    life.shutdown_timeout = policy(spawn->who.service).shutdown_timeout;
    life.oneshot = policy(spawn->who.service).oneshot;
    life.deadline = core::kNever;  // its time begins when it exists
  } else if (const auto* send = std::get_if<core::Send>(&effect)) {
    Life* life = Find(send->who);
    if (life == nullptr) return;
    if (send->order == core::Order::kStop) {
      Tell(*life, event, at);
      life->told_by_pipe = true;
    } else {
      life->active = send->order != core::Order::kPause;
    }
  } else if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    TakeSignal(*signal, event, at);
  } else if (const auto* examine = std::get_if<core::Examine>(&effect)) {
    Life* life = Find(examine->who);
    if (life == nullptr) return;
    Tell(*life, event, at);
    life->examined = true;
    life->grace = core::kExaminationMax;
    life->deadline = at.now + life->grace;
  } else if (const auto* report = std::get_if<core::Report>(&effect)) {
    TakeReport(*report, at);
  } else if (const auto* told = std::get_if<core::ServiceReport>(&effect)) {
    TakeRoll(*told);
  }
}

void Ledger::TakeReport(const core::Report& report, const core::Moment& at) {
  for (Life& life : lives_[report.service][report.slot]) {
    if (life.pid != report.record.pid || life.pid == 0) continue;
    const core::Milestone milestone = report.record.milestone;
    // That a crash loop is over says nothing of what the process does now.
    if (milestone == core::Milestone::kRecovered) continue;
    life.newest = milestone;
    if (milestone == core::Milestone::kRunning || milestone == core::Milestone::kPaused)
      TakeOver(life, report.record.cause, at);
    if (report.record.cause.kind == core::Cause::Kind::kHurried) {
      life.grace = core::kHurriedGrace;
      life.deadline = at.now + life.grace;
    }
    if (milestone != core::Milestone::kAlarm) continue;
    life.alarmed = true;
    life.deadline = core::kNever;
  }
}

// It serves or is paused: for the first time, or as what is kept, or again.
void Ledger::TakeOver(Life& life, const core::Cause& cause, const core::Moment& at) {
  std::vector<Life>& lives = lives_[life.who.service][life.who.slot];
  if (cause.kind == core::Cause::Kind::kKept) {
    life.kept = true;
    for (Life& other : lives) {
      if (other.who.generation > life.who.generation && other.on_duty()) other.proves = true;
    }
    return;
  }
  if (life.kept && cause.kind == core::Cause::Kind::kRestored) {
    life.kept = false;
    life.back_at = at.now;
  }
  if (life.took_over) return;
  life.took_over = true;
  const core::RecyclePolicy& recycle = policy(life.who.service).recycle;
  if (recycle.max_age == core::Span{}) return;
  life.old_by = life.loaded_at + recycle.max_age;
  life.old_from = core::Instant{life.old_by.ns - recycle.max_age.ns / 1000 * recycle.jitter};
}

void Ledger::TakeRoll(const core::ServiceReport& report) {
  using What = core::ServiceReport::What;
  const bool ends = report.what == What::kRollDone || report.what == What::kRollFailed ||
                    report.what == What::kRollAborted || report.what == What::kRollReverted;
  if (report.what == What::kRollBegan) rolls_[report.service] = true;
  if (ends) rolls_[report.service] = false;
}

// What follows one that is kept has nothing to prove when that is let go, or is no more.
void Ledger::NoLongerKept(Life& life) {
  if (!life.kept) return;
  life.kept = false;
  for (Life& other : lives_[life.who.service][life.who.slot]) other.proves = false;
}

// How long the supervisor may wait for one that it asks to leave.
core::Span Ledger::Grace(const Life& life, const core::Event* event) const {
  const core::Span whole = life.shutdown_timeout;
  const core::Span little = life.oneshot ? whole : std::min(whole, core::kAbandonGrace);
  const bool by_own_word = event != nullptr && Concerns(*event) != nullptr && *Concerns(*event) == life.who;
  if (by_own_word && std::holds_alternative<core::WorkerConfigError>(*event)) return little;
  if (!life.loaded || IsNext(life)) return little;
  return whole;
}

void Ledger::Tell(Life& life, const core::Event* event, const core::Moment& at) {
  if (life.told()) return;
  life.overdue = event != nullptr && std::holds_alternative<core::TimePassed>(*event) && life.due() <= at.now;
  life.unfinished = life.overdue && life.message_due <= at.now;
  life.ran_out = life.overdue && !life.unfinished && life.busy.until >= life.deadline;
  life.grace = Grace(life, event);
  NoLongerKept(life);
  life.told_order = ++told_;
  life.told_at = at.now;
  life.deadline = at.now + life.grace;
  life.message_due = core::kNever;
}

void Ledger::TakeSignal(const core::Signal& signal, const core::Event* event, const core::Moment& at) {
  Life* life = Find(signal.who);
  if (life == nullptr) return;
  const bool first = !life->told();
  Tell(*life, event, at);
  if (signal.sig == core::Sig::kKill) {
    life->told_kill = true;
    life->deadline = at.now + core::kUnkillableAfter;
  } else if (signal.sig == core::Sig::kQuit) {
    life->told_quit = true;
    life->grace = first ? std::min(life->grace, core::kQuickGrace) : core::kQuickGrace;
    life->deadline = std::min(life->deadline, at.now + life->grace);
  } else {
    life->told_by_signal = true;
  }
}

void Ledger::EndStep() {
  for (const core::Incarnation& who : ended_) {
    size_ -= std::erase_if(lives_[who.service][who.slot],
                           [&who](const Life& life) { return life.who.generation == who.generation; });
  }
  ended_.clear();
}

}  // namespace fectl::sim
