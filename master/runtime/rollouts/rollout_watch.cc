#include "master/runtime/rollouts/rollout_watch.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <variant>

#include "absl/strings/str_format.h"
#include "master/core/boundary/cause.h"
#include "master/core/slot/slot_state.h"
#include "master/runtime/rollouts/resident.h"

namespace fectl::runtime {
namespace {

using Stage = core::ReplaceOperation::Stage;
using Outcome = core::RolloutRecord::Outcome;

// The memory of each worker is looked at so often, and a few of them at a time.
constexpr core::Span kRound = core::Seconds(3);
constexpr int kTicks = 30;
// So many samples in a row: a moment's peak is no leak.
constexpr int kSamples = 3;
// Until a worker is named again whose replacement did not succeed.
constexpr core::Span kAskPause = core::Seconds(60);

double InSeconds(core::Span span) {
  return static_cast<double>(span.ns / 1'000'000) / 1000;
}

// From 0 to 1, the same each time for one process.
double Fraction(core::Generation generation) {
  const uint64_t mixed = (generation + 1) * 0x9e3779b97f4a7c15;
  return static_cast<double>(mixed >> 11) / static_cast<double>(uint64_t{1} << 53);
}

double WithJitter(int64_t bound, int permille, core::Generation generation) {
  return static_cast<double>(bound) * (1 - permille / 1000.0 * Fraction(generation));
}

const double* GaugeOf(const RolloutWatch::Gauges& gauges, std::string_view name) {
  for (const auto& [gauge, value] : gauges) {
    if (gauge == name) return &value;
  }
  return nullptr;
}

std::string_view WordOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUnderWay:
      return "under way";
    case Outcome::kDone:
      return "done";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kReverted:
      return "rolled back";
    case Outcome::kAborted:
      return "aborted";
    case Outcome::kStopped:
      return "stopped";
  }
  return "";
}

std::string_view WordOf(const core::ReplaceOperation& rollout) {
  if (rollout.goes_back) return "going back";
  switch (rollout.stage) {
    case Stage::kLoading:
      return "loading";
    case Stage::kProving:
      return "watched";
    case Stage::kHeld:
      return "held";
    case Stage::kBaking:
      return "baking";
  }
  return "";
}

}  // namespace

void RolloutWatch::Use(const config::Config& config) {
  limits_.clear();
  round_.clear();  // which points into it
  next_ = 0;
  bool samples = false;
  for (const config::ServiceConfig& service : config.services) {
    Limits limits{.recycle = service.recycle, .bounds = {}};
    for (const auto& [gauge, text] : service.rollout.bounds) {
      double bound = 0;
      std::from_chars(text.data(), text.data() + text.size(), bound);
      limits.bounds.emplace_back(gauge, bound);
    }
    samples = samples || service.recycle.max_rss > 0;
    const bool any =
        !limits.bounds.empty() || service.recycle.max_rss > 0 || service.recycle.max_requests > 0;
    if (any) limits_.emplace(service.name, std::move(limits));
  }
  if (samples && sample_at_ == core::kNever) sample_at_ = now_;
  if (!samples) sample_at_ = core::kNever;
}

const RolloutWatch::Limits* RolloutWatch::Find(const core::Service& service) const {
  const auto found = limits_.find(service.policy().name);
  return found == limits_.end() ? nullptr : &found->second;
}

// It serves, and its old worker is kept.
bool RolloutWatch::IsOnTrial(const core::Service& service, const core::Incarnation& who) {
  if (service.rollout() == nullptr || who.slot >= service.slots().size()) return false;
  const auto* baking = std::get_if<core::Baking>(&service.slots()[who.slot].state());
  return baking != nullptr && baking->now.process.generation == who.generation;
}

std::optional<std::string> RolloutWatch::BrokenBound(const Limits& limits, const Gauges& gauges,
                                                     const std::vector<Gauges>& old_gauges) {
  for (const auto& [name, bound] : limits.bounds) {
    const double* value = GaugeOf(gauges, name);
    if (value == nullptr || *value <= bound) continue;
    std::optional<double> greatest;
    for (const Gauges& old : old_gauges) {
      const double* other = GaugeOf(old, name);
      if (other != nullptr) greatest = std::max(greatest.value_or(*other), *other);
    }
    if (greatest.has_value() && *value <= *greatest) continue;
    return absl::StrFormat("has %s %g, above the bound %g%s", name, *value, bound,
                           greatest.has_value() ? absl::StrFormat(" (the old workers: %g)", *greatest) : "");
  }
  return std::nullopt;
}

bool RolloutWatch::MayAsk(core::Generation generation, core::Instant now) {
  Worn& worn = worn_[generation];
  if (worn.asked_at != core::Instant{} && now - worn.asked_at < kAskPause) return false;
  worn.asked_at = now;
  return true;
}

std::optional<core::Event> RolloutWatch::RequestsReached(const Limits& limits, const core::Incarnation& who,
                                                         const Gauges& gauges) {
  const int64_t most = limits.recycle.max_requests;
  if (most == 0) return std::nullopt;
  const double* requests = GaugeOf(gauges, "http.requests");
  if (requests == nullptr) requests = GaugeOf(gauges, "requests");
  if (requests == nullptr ||
      *requests < std::max(1.0, WithJitter(most, limits.recycle.jitter_permille, who.generation)))
    return std::nullopt;
  if (!MayAsk(who.generation, now_)) return std::nullopt;
  return core::WorkerWornOut{who, absl::StrFormat("%.0f requests (max_requests %d)", *requests, most)};
}

void RolloutWatch::OnLoaded(const core::Service& service, const core::Incarnation& who) {
  const core::RolloutRecord* record = service.rollout() == nullptr ? nullptr : service.last_rollout();
  if (record == nullptr) return;
  for (const core::RolledWorker& worker : record->workers) {
    if (worker.generation != who.generation || worker.pid == 0) continue;
    memory_[worker.generation] = {ResidentBytes(worker.pid),
                                  worker.old_pid == 0 ? 0 : ResidentBytes(worker.old_pid)};
  }
  // Of earlier rollouts of all services only what is new enough is of interest.
  constexpr size_t kRemembered = 20'000;
  while (memory_.size() > kRemembered) memory_.erase(memory_.begin());
}

void RolloutWatch::BeginRound(const core::Supervisor& supervisor) {
  round_.clear();
  next_ = 0;
  std::erase_if(worn_, [](const auto& one) { return !one.second.seen; });
  for (auto& [generation, worn] : worn_) worn.seen = false;
  for (const core::Service& service : supervisor.services()) {
    const Limits* limits = Find(service);
    if (limits == nullptr || !service.up()) continue;
    for (const core::Slot& slot : service.slots()) {
      const auto* serving = std::get_if<core::Serving>(&slot.state());
      if (serving == nullptr) continue;
      const core::Process& process = serving->process;
      if (const auto worn = worn_.find(process.generation); worn != worn_.end()) worn->second.seen = true;
      if (limits->recycle.max_rss > 0)
        round_.push_back({{service.id(), slot.index(), process.generation}, process.pid, limits});
    }
  }
}

std::optional<core::Event> RolloutWatch::Sample(const Sampled& one, core::Instant now) {
  const int64_t rss = ResidentBytes(one.pid);
  const config::RecycleConfig& recycle = one.limits->recycle;
  Worn& worn = worn_[one.who.generation];
  worn.seen = true;
  if (static_cast<double>(rss) <= WithJitter(recycle.max_rss, recycle.jitter_permille, one.who.generation)) {
    worn.above = 0;
    return std::nullopt;
  }
  if (++worn.above < kSamples || !MayAsk(one.who.generation, now)) return std::nullopt;
  constexpr int64_t kMebi = 1 << 20;
  return core::WorkerWornOut{
      one.who, absl::StrFormat("memory %d MiB (max_rss %d MiB)", rss / kMebi, recycle.max_rss / kMebi)};
}

void RolloutWatch::OnTime(const core::Supervisor& supervisor, core::Instant now,
                          std::vector<core::Event>* events) {
  now_ = now;
  if (sample_at_ > now) return;
  if (next_ >= round_.size()) BeginRound(supervisor);
  const size_t some = (round_.size() + kTicks - 1) / kTicks;
  for (size_t i = 0; i < some && next_ < round_.size(); ++i) {
    if (auto event = Sample(round_[next_++], now)) events->push_back(*std::move(event));
  }
  sample_at_ = now + core::Span{round_.empty() ? kRound.ns
                                               : kRound.ns * static_cast<int64_t>(some) /
                                                     static_cast<int64_t>(round_.size())};
}

proto::RolloutView RolloutWatch::Describe(const core::Service& service, core::Instant now) const {
  proto::RolloutView view;
  const core::RolloutRecord* record = service.last_rollout();
  if (record == nullptr) return view;
  const core::Instant end = record->ended == core::kNever ? now : record->ended;
  view.outcome = WordOf(record->outcome);
  view.took_s = InSeconds(end - record->began);
  if (record->went_back != core::kNever) view.back_s = std::max(0.001, InSeconds(end - record->went_back));
  view.words = record->words;
  view.kept = record->kept;
  view.num = static_cast<int>(record->workers.size());
  view.new_workers = view.num;
  if (const core::ReplaceOperation* rollout = service.rollout()) {
    view.stage = WordOf(*rollout);
    if (rollout->until != core::kNever) view.left_s = std::max(0.0, InSeconds(rollout->until - now));
    if (rollout->goes_back) view.words = rollout->words;
    if (!rollout->goes_back) view.num = static_cast<int>(rollout->slots.size());
  }
  for (const core::RolledWorker& worker : record->workers) {
    proto::RolledWorkerView& one = view.workers.emplace_back();
    one.worker = static_cast<int>(worker.slot) + 1;
    one.pid = worker.pid;
    one.old_pid = worker.old_pid;
    if (worker.loaded != core::kNever) {
      one.load_s = std::max(0.001, InSeconds(worker.loaded - worker.begun));
      one.served_s = InSeconds((worker.lost == core::kNever ? end : worker.lost) - worker.loaded);
    }
    if (worker.lost != core::kNever) one.end = core::ToWords(worker.cause);
    const auto memory = memory_.find(worker.generation);
    if (memory == memory_.end()) continue;
    one.rss = memory->second.rss;
    one.old_rss = memory->second.old_rss;
  }
  return view;
}

}  // namespace fectl::runtime
