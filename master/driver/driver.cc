#include "master/driver/driver.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace fectl::driver {
namespace {

// Events whose memory is kept for the next step. A start of thousands of workers is one step; what it took is
// given back.
constexpr size_t kKeptForNextStep = 256;

}  // namespace

Driver::Driver(std::vector<core::Plan> plans, uint64_t random_seed, Outside* outside, size_t starts_per_turn)
    : supervisor_(std::move(plans), random_seed), outside_(outside), starts_per_turn_(starts_per_turn) {}

void Driver::Boot() {
  at_ = outside_->Now();
  outside_->OnStep(nullptr);
  supervisor_.Boot(at_, effects_);
  outside_->OnStepped(nullptr, effects_);
  RunEffects();
  StepQueue();
}

int64_t Driver::TimeoutNanos(core::Instant now) const {
  if (!idle()) return 0;
  const core::Instant due = std::min(supervisor_.next_deadline(), outside_->next_deadline());
  return due == core::kNever ? -1 : std::max<int64_t>(0, (due - now).ns);
}

absl::Status Driver::Turn() {
  starts_ = 0;
  const core::Instant before = outside_->Now().now;
  // The turn before may itself have taken long, and nothing was read in that time.
  NoticeStall(at_.now, before);
  const int64_t timeout = TimeoutNanos(before);
  if (auto waited = outside_->Wait(timeout); !waited.ok()) return waited.status();
  at_ = outside_->Now();
  RunEffects();
  // When in the wait the stall began cannot be known, so all of the wait counts: a deadline that fell into it
  // would otherwise be due at the moment of waking, before anything could be read.
  if (timeout >= 0 && at_.now - (before + core::Span{timeout}) >= kStallAfter) NoticeStall(before, at_.now);
  StepQueue();
  outside_->Look(at_.now);
  StepQueue();
  if (supervisor_.IsDue(at_.now)) {
    if (absl::Status read = ReadEverything(); !read.ok()) return read;
    Step(core::TimePassed{});
    StepQueue();
  }
  outside_->OnTurnEnd(at_.now);
  return absl::OkStatus();
}

// No worker is judged while what it wrote lies unread: before time passes for the supervisor, everything that
// workers have written until now has been read.
absl::Status Driver::ReadEverything() {
  bool more = true;
  for (size_t left = outside_->waits_for_all(); left > 0 && more; --left) {
    const absl::StatusOr<bool> waited = outside_->Wait(0);
    if (!waited.ok()) return waited.status();
    more = *waited;
    if (queue_.empty()) continue;  // this wait was about other things than workers
    at_ = outside_->Now();
    StepQueue();
  }
  return absl::OkStatus();
}

void Driver::NoticeStall(core::Instant expected, core::Instant now) {
  const core::Span late = now - expected;
  if (late < kStallAfter) return;
  outside_->OnStall(late);
  at_.now = now;
  Step(core::Stalled{late});
}

void Driver::StepQueue() {
  while (!queue_.empty()) {
    std::vector<core::Event> events;
    events.swap(queue_);
    for (const core::Event& event : events) Step(event);
    if (queue_.empty() && events.size() <= kKeptForNextStep) {  // keep the memory for the next turn
      events.clear();
      queue_.swap(events);
    }
  }
}

void Driver::Step(const core::Event& event) {
  if (finished_) return;
  outside_->OnStep(&event);
  supervisor_.Step(event, at_, effects_);
  outside_->OnStepped(&event, effects_);
  RunEffects();
}

// In their order. An effect behind more starts than a turn may have waits for the next turn.
void Driver::RunEffects() {
  for (core::Effect& effect : effects_) pending_.push_back(std::move(effect));
  effects_.clear();
  while (!pending_.empty() && starts_ < starts_per_turn_) {
    const core::Effect effect = std::move(pending_.front());
    pending_.pop_front();
    if (std::holds_alternative<core::Spawn>(effect)) ++starts_;
    if (std::holds_alternative<core::Finish>(effect)) finished_ = true;
    outside_->Run(effect);
  }
}

}  // namespace fectl::driver
