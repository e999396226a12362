#include "master/sim/ledger.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/limits.h"
#include "master/sim/facts.h"

namespace fectl::sim {

Ledger::Ledger(std::vector<core::ServicePolicy> policies) : policies_(std::move(policies)) {
  for (const core::ServicePolicy& policy : policies_) lives_.emplace_back(policy.num);
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
  const std::vector<Life>& lives = lives_[life.who.service][life.who.slot];
  return std::any_of(lives.begin(), lives.end(), [&life](const Life& other) {
    return other.who.generation < life.who.generation && other.on_duty();
  });
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
  const auto* stalled = std::get_if<core::Stalled>(&event);
  if (stalled == nullptr) return;
  for (auto& service : lives_) {
    for (auto& slot : service) {
      for (Life& life : slot) {
        life.deadline = life.deadline + stalled->length;
        life.message_due = life.message_due + stalled->length;
      }
    }
  }
}

void Ledger::TakeOf(Life& life, const core::Event& event, const core::Moment& at) {
  if (std::holds_alternative<core::WorkerBeat>(event)) {
    life.message_due = core::kNever;
    if (life.on_duty() && !life.closed) life.deadline = at.now + policies_[life.who.service].timeout;
  } else if (const auto* spawned = std::get_if<core::Spawned>(&event)) {
    if (life.pid == 0) life.pid = spawned->pid;
  } else if (std::holds_alternative<core::WorkerLoaded>(event)) {
    life.message_due = core::kNever;
    if (life.loaded || life.told()) return;
    life.loaded = true;
    life.loaded_at = at.now;
    life.deadline = at.now + policies_[life.who.service].timeout;
  } else if (std::holds_alternative<core::WorkerBeganMessage>(event)) {
    if (!life.told()) life.message_due = std::min(life.message_due, at.now + core::kMessageGrace);
  } else if (std::holds_alternative<core::WorkerAsked>(event)) {
    life.asked = true;
    // Who is being replaced already, or does not serve yet, asks for nothing new.
    const bool is_newest = lives_[life.who.service][life.who.slot].back().who == life.who;
    if (life.on_duty() && is_newest && !IsNext(life)) life.asked_at = std::min(life.asked_at, at.now);
  } else if (std::holds_alternative<core::ChannelClosed>(event)) {
    if (!life.closed && !life.told()) life.deadline = std::min(life.deadline, at.now + core::kChannelGrace);
    life.closed = true;
  } else if (const auto* exited = std::get_if<core::Exited>(&event);
             exited != nullptr && exited->group_left) {
    life.process_ended = true;
  } else if (Ends(event) || (std::holds_alternative<core::GroupEnded>(event) && life.process_ended)) {
    life.ended = true;
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
    if (life.has_time() && (first == nullptr || life.told_at < first->told_at)) first = &life;
  }
  return first;
}

void Ledger::Take(const core::Effect& effect, const core::Event* event, const core::Moment& at) {
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    ++size_;
    for (Life& other : lives_[spawn->who.service][spawn->who.slot]) other.asked_at = core::kNever;
    Life& life = lives_[spawn->who.service][spawn->who.slot].emplace_back();
    life.who = spawn->who;
    life.spawned_at = at.now;
    life.deadline = at.now + policies_[spawn->who.service].startup_timeout;
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
  } else if (const auto* report = std::get_if<core::Report>(&effect)) {
    for (Life& life : lives_[report->service][report->slot]) {
      if (life.pid != report->record.pid || life.pid == 0) continue;
      // That a crash loop is over says nothing of what the process does now.
      if (report->record.milestone == core::Milestone::kRecovered) continue;
      life.newest = report->record.milestone;
      if (report->record.cause.kind == core::Cause::Kind::kHurried) {
        life.grace = core::kHurriedGrace;
        life.deadline = at.now + life.grace;
      }
      if (report->record.milestone != core::Milestone::kAlarm) continue;
      life.alarmed = true;
      life.deadline = core::kNever;
    }
  }
}

// How long the supervisor may wait for one that it asks to leave.
core::Span Ledger::Grace(const Life& life, const core::Event* event) const {
  const core::Span whole = policies_[life.who.service].shutdown_timeout;
  const core::Span little = std::min(whole, core::kAbandonGrace);
  const bool by_own_word = event != nullptr && Concerns(*event) != nullptr && *Concerns(*event) == life.who;
  if (by_own_word && std::holds_alternative<core::WorkerConfigError>(*event)) return little;
  if (!life.loaded || IsNext(life)) return little;
  return whole;
}

void Ledger::Tell(Life& life, const core::Event* event, const core::Moment& at) {
  if (life.told()) return;
  life.overdue = event != nullptr && std::holds_alternative<core::TimePassed>(*event) && life.due() <= at.now;
  life.unfinished = life.overdue && life.message_due <= at.now;
  life.was_next = IsNext(life);
  life.grace = Grace(life, event);
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
