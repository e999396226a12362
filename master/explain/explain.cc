#include "master/explain/explain.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/core/slot/slot.h"
#include "master/core/slot/slot_state.h"
#include "master/explain/past.h"
#include "master/explain/spoken.h"
#include "master/explain/worker.h"

namespace fectl::explain {
namespace {

using core::Condition;
using core::Slot;

void Add(std::string* text, const std::string& sentence) {
  if (sentence.empty()) return;
  if (!text->empty()) *text += " ";
  *text += sentence;
}

// "worker 2", "workers 1 and 3", "workers 1, 2 and 3"; of many the first ones. The numbers are from 0.
std::string Workers(const std::vector<uint32_t>& indices) {
  constexpr size_t kNamedMax = 5;
  std::string text = indices.size() == 1 ? "worker " : "workers ";
  const size_t named = std::min(indices.size(), kNamedMax);
  for (size_t i = 0; i < named; ++i) {
    if (i > 0) text += i + 1 == indices.size() ? " and " : ", ";
    text += std::to_string(indices[i] + 1);
  }
  if (indices.size() > named) text += " and " + std::to_string(indices.size() - named) + " others";
  return text;
}

class Story {
 public:
  Story(const core::Supervisor& supervisor, const core::Service& service, const core::Moment& at)
      : supervisor_(supervisor), service_(service), at_(at), name_(service.policy().name) {}

  proto::WhyView Tell() {
    view_.service = name_;
    view_.state = service_.word();
    if (const core::Instant since = service_.told().since; since != core::kNever) {
      const core::Span ago = at_.now - since;
      view_.since_s = static_cast<double>(std::max<int64_t>(0, core::ToMilliseconds(ago))) / 1000;
      view_.since_at = at_.wall_seconds - ago.ns / 1'000'000'000;
    }
    switch (service_.condition()) {
      case Condition::kRunning:
        service_.policy().oneshot ? TellAsItsWorker() : TellRunning();
        break;
      case Condition::kDone:
        TellAsItsWorker();
        break;
      case Condition::kDegraded:
      case Condition::kCrashing:
      case Condition::kFailed:
        TellShort();
        break;
      case Condition::kStarting:
        TellStarting();
        break;
      case Condition::kPaused:
        TellPaused();
        break;
      case Condition::kReloading:
        TellReloading();
        break;
      case Condition::kStopping:
        TellStopping();
        break;
      case Condition::kStopped:
        TellStopped();
        break;
      case Condition::kWaiting:
        TellWaiting();
        break;
    }
    return view_;
  }

 private:
  uint32_t num() const { return service_.policy().num; }

  // The wanted slots that fit, from 0.
  template <typename Fits>
  std::vector<uint32_t> Which(Fits fits) const {
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < num(); ++i) {
      if (fits(service_.slots()[i])) found.push_back(i);
    }
    return found;
  }

  std::string Serving() const {
    const uint32_t serving = service_.serving();
    if (num() == 1) return serving == 1 ? "its worker serves" : "its worker does not serve";
    if (serving == num()) return "all " + std::to_string(num()) + " workers serve";
    return std::to_string(serving) + " of " + std::to_string(num()) +
           (serving == 1 ? " workers serves" : " workers serve");
  }

  std::string Leaving() const {
    size_t count = 0;
    core::Instant last{0};
    bool dies = true;
    for (const Slot& slot : service_.slots()) {
      for (const core::Leaving& leaving : slot.leaving()) {
        ++count;
        if (leaving.stage >= core::Leaving::Stage::kKilled) continue;
        dies = false;
        last = std::max(last, leaving.deadline);
      }
    }
    if (count == 0) return "";
    if (dies)
      return Counted(count, "process") + (count == 1 ? " was" : " were") + " sent SIGKILL and " +
             (count == 1 ? "is" : "are") + " about to end.";
    return Counted(count, "process") + (count == 1 ? " is" : " are") + " leaving; what is left in " +
           Spoken(last - at_.now) + " is killed.";
  }

  void TellAsItsWorker() {
    const std::string state = view_.state;
    const int64_t since_at = view_.since_at;
    const double since_s = view_.since_s;
    view_ = ExplainWorker(service_, 0, at_);
    view_.worker = 0;
    view_.state = state;
    view_.since_at = since_at;
    view_.since_s = since_s;
  }

  // A worker where the service is known already.
  std::string NameHere(uint32_t index) const {
    return num() == 1 ? "its worker" : "worker " + std::to_string(index + 1);
  }

  // As the worker's own answer has it; its sentences begin with "It", which would be the service here.
  void TellOf(uint32_t index) {
    const proto::WhyView worker = ExplainWorker(service_, index, at_);
    const std::string whose = NameHere(index);
    const std::string who = Sentence(whose);
    const auto about = [&](const std::string& text) {
      constexpr std::string_view kBefore = "The process before it ";
      if (text.starts_with(kBefore))
        return "The last process of " + whose + " " + text.substr(kBefore.size());
      return text.starts_with("It ") ? who + text.substr(2) : text;
    };
    view_.because = about(worker.because);
    view_.next = about(worker.next);
    view_.change = worker.change;
  }

  void TellRunning() {
    view_.what = name_ + " runs: " + Serving() + ".";
    // The newest of them made the state what it is.
    uint32_t newest = 0;
    core::Instant loaded{0};
    for (uint32_t i = 0; i < num(); ++i) {
      const auto* serving = std::get_if<core::Serving>(&service_.slots()[i].state());
      if (serving == nullptr || serving->loaded_at < loaded) continue;
      newest = i;
      loaded = serving->loaded_at;
    }
    const Slot& slot = service_.slots()[newest];
    if (const auto* serving = std::get_if<core::Serving>(&slot.state())) {
      const std::string who = num() == 1 ? "Its worker" : "Worker " + std::to_string(newest + 1);
      view_.because = (num() == 1 ? "Its worker" : who + ", the newest one,") + " has served for " +
                      Spoken(at_.now - loaded) + ".";
      Add(&view_.because, OriginOf(slot, serving->process, {}));
    }
    for (uint32_t i = 0; i < num(); ++i)
      Add(&view_.because, FailedReplacement(service_.slots()[i], NameHere(i)));
    view_.next = "Nothing is due: a worker that ends, or is silent for " + Spoken(service_.policy().timeout) +
                 ", is replaced at once.";
    Add(&view_.next, Leaving());
    view_.change = "fectl reload " + name_ + " replaces its workers, fectl stop " + name_ +
                   " ends them; `timeout` is how long one may be silent.";
  }

  // Of the slots that do not serve the one whose trouble explains most.
  void TellShort() {
    const std::vector<uint32_t> failed = Which([](const Slot& slot) { return slot.given_up(); });
    const std::vector<uint32_t> crashing = Which([](const Slot& slot) { return slot.crashing(); });
    const std::vector<uint32_t> missing = Which([](const Slot& slot) { return !slot.ready(); });
    const std::vector<uint32_t>& blamed = !failed.empty() ? failed : !crashing.empty() ? crashing : missing;
    if (service_.policy().oneshot) return TellAsItsWorker();
    const std::string verb = !failed.empty() ? " failed" : " " + std::string(service_.word());
    view_.what = name_ + (failed.empty() ? " is" : " has") + verb + ": " + Serving() + ".";
    if (blamed.empty()) return;
    TellOf(blamed.front());
    if (blamed.size() < 2) return;
    const char* const word = !failed.empty()     ? " have failed"
                             : !crashing.empty() ? " are crashing"
                                                 : " do not serve";
    view_.because = Sentence(Workers(blamed)) + word + ". " + view_.because;
  }

  void TellStarting() {
    const std::vector<uint32_t> missing = Which([](const Slot& slot) { return !slot.ready(); });
    const size_t loaded = num() - missing.size();
    view_.what = name_ + " is starting: " +
                 (num() == 1 ? "its worker has not loaded yet."
                             : std::to_string(loaded) + " of " + std::to_string(num()) + " workers" +
                                   (loaded == 1 ? " has" : " have") + " loaded.");
    if (missing.empty()) return;
    TellOf(missing.front());
    if (missing.size() > 1) view_.next = Sentence(Workers(missing)) + " have not loaded. " + view_.next;
  }

  void TellPaused() {
    view_.what = name_ + " is paused: its workers finish what is open and accept nothing.";
    view_.because = "An operator paused it.";
    const std::vector<uint32_t> missing = Which([](const Slot& slot) { return !slot.ready(); });
    if (!missing.empty()) Add(&view_.because, Sentence(Workers(missing)) + " would not serve anyway.");
    view_.next =
        "It stays so, also over reloads and crashes, until it is resumed or stopped; clients wait in the "
        "queue of its sockets.";
    view_.change = "fectl resume " + name_ + " ends the pause.";
  }

  void TellReloading() {
    const auto& replace = std::get<core::ReplaceOperation>(service_.operation());
    const bool reload = replace.urgency == core::Urgency::kReload;
    std::string done;
    if (replace.slots.size() > 1) {
      done = ": " + std::to_string(replace.committed) + " of " + std::to_string(replace.slots.size()) +
             " workers " + (replace.committed == 1 ? "is" : "are") + " replaced";
    }
    view_.what =
        name_ + " is being " + (reload ? "reloaded" : "restarted") + done + ", and " + Serving() + ".";
    view_.because = std::string("An operator ") + (reload ? "reloaded" : "restarted") + " it.";
    const std::string& oneshot = service_.policy().before_roll;
    if (replace.before_roll.has_value()) {
      view_.next = "Its workers are replaced when " + oneshot +
                   " (`before_roll`) has ended with 0; if it fails, "
                   "they serve on.";
      view_.change = "fectl why " + oneshot + " tells what it waits for.";
      return;
    }
    if (replace.goes_back) {
      view_.because = "Its new workers proved bad: " + replace.words + ".";
      view_.next = "Each worker is brought back to the version that it ran before.";
      view_.change = "fectl stop " + name_ + " ends it.";
      return;
    }
    if (replace.stage != core::ReplaceOperation::Stage::kLoading) return TellProof(replace);
    for (size_t i = replace.committed; i < replace.begun; ++i) {
      const auto* replacing = std::get_if<core::Replacing>(&service_.slots()[replace.slots[i]].state());
      if (replacing != nullptr && replacing->next_loaded) continue;
      TellNewWorker(replace.slots[i], replacing);
      break;
    }
    Add(&view_.next, Leaving());
    const core::Share surge = service_.policy().rollout.max_surge;
    const std::string number = std::to_string(surge.value) + (surge.percent ? "%" : "");
    view_.change = "`startup_timeout` (" + Spoken(service_.policy().startup_timeout) +
                   ") is how long a start may take, `max_surge` (" + (surge.value == 0 ? "all" : number) +
                   ") how many are replaced at a time.";
  }

  // Its new workers serve, and the old ones are kept.
  void TellProof(const core::ReplaceOperation& replace) {
    using Stage = core::ReplaceOperation::Stage;
    const bool last = replace.begun == replace.slots.size();
    view_.what = name_ + " is being rolled out: " + std::to_string(replace.begun) + " of " +
                 std::to_string(replace.slots.size()) +
                 " new workers serve, and the old ones are kept, paused.";
    if (replace.stage == Stage::kHeld) {
      view_.next = "Nothing, until an operator says so.";
    } else if (last && replace.stage == Stage::kBaking) {
      view_.next = "In " + Spoken(replace.until - at_.now) + " the old ones are told to leave (`bake_time`).";
    } else {
      view_.next = "In " + Spoken(replace.until - at_.now) + " " +
                   (last ? "it goes on" : "the next are replaced") + " (`min_ready_seconds`).";
    }
    Add(&view_.next, service_.policy().rollout.auto_revert
                         ? "If a new one is lost until then, the old ones serve again at once."
                         : "If a new one is lost until then, its old one serves again.");
    view_.change = "fectl rollout promote " + name_ + " goes on at once; fectl rollout abort " + name_ +
                   " goes back to the old ones.";
  }

  void TellNewWorker(uint32_t index, const core::Replacing* replacing) {
    const std::string who = num() == 1 ? "the new worker" : "the new worker " + std::to_string(index + 1);
    if (replacing == nullptr) {
      view_.next = ExplainWorker(service_, index, at_).next;
      return;
    }
    const core::Span whole = service_.policy().startup_timeout;
    view_.next = Sentence(who) + " has to say `loaded` within " +
                 Spoken(replacing->deadline == core::kNever ? whole : replacing->deadline - at_.now) +
                 "; if one fails, those that are not replaced yet serve on.";
  }

  // Who told it to stop is in the records of any slot.
  std::string WhoStoppedIt() const {
    for (const Slot& slot : service_.slots()) {
      if (std::string why = WhyItLeft(slot); !why.empty()) return why;
    }
    return "";
  }

  void TellStopping() {
    view_.what = name_ + " is stopping: " + Counted(service_.processes(), "process") + " left.";
    view_.because = supervisor_.shutting_down() ? "fectld stops." : WhoStoppedIt();
    view_.next = Leaving();
    Add(&view_.next, service_.removing() ? "Then it is gone." : "Then it is stopped.");
    view_.change = "`shutdown_timeout` (" + Spoken(service_.policy().shutdown_timeout) +
                   ") is how long its workers have to finish.";
  }

  void TellStopped() {
    view_.what = name_ + " is stopped.";
    view_.because = WhoStoppedIt();
    if (view_.because.empty()) {
      view_.because = service_.policy().autostart ? "It was not started since fectld was."
                                                  : "`autostart` is false, and nobody has started it.";
    }
    view_.next =
        supervisor_.shutting_down() ? "Nothing: fectld stops." : "Nothing, until somebody starts it.";
    if (!supervisor_.shutting_down()) view_.change = "fectl start " + name_ + " starts it.";
  }

  const core::Service* Other(const std::string& name) const {
    for (const core::Service& other : supervisor_.services()) {
      if (other.policy().name == name && !other.removing()) return &other;
    }
    return nullptr;
  }

  void TellWaiting() {
    const core::WaitOperation& wait = *service_.waiting();
    const std::vector<std::string>& require = service_.policy().require;
    view_.what = name_ + " has not started: it is " + wait.words + ".";
    std::vector<std::string> named = require;
    named.insert(named.end(), service_.policy().after.begin(), service_.policy().after.end());
    std::string first;
    for (const std::string& name : named) {
      const core::Service* other = Other(name);
      const bool required = std::find(require.begin(), require.end(), name) != require.end();
      const bool ready = other != nullptr && other->standing() == core::Standing::kReady;
      if (ready || (!required && other == nullptr) || name == first) continue;
      if (other != nullptr && !required && other->standing() != core::Standing::kComing) continue;
      if (first.empty()) first = name;
      const std::string trouble = other == nullptr ? "" : other->TroubleInWords();
      Add(&view_.because, std::string("It names ") + name + " in `" + (required ? "requires" : "after") +
                              "`, which is " +
                              (other == nullptr ? "not configured" : std::string(other->word())) +
                              (trouble.empty() ? "." : ": " + trouble + "."));
    }
    view_.next = wait.blocked ? "Nothing by itself: it starts when what it requires is ready."
                              : "It starts as soon as what it names is ready.";
    if (first.empty()) return;
    if (Other(first) == nullptr) {
      view_.change = "Add " + first + " to the configuration, or take it out of `requires`.";
    } else {
      view_.change = wait.blocked ? "fectl start " + first + " tries that again; this one follows."
                                  : "fectl why " + first + " tells what that one waits for.";
    }
  }

  const core::Supervisor& supervisor_;
  const core::Service& service_;
  const core::Moment& at_;
  const std::string& name_;
  proto::WhyView view_;
};

}  // namespace

proto::WhyView ExplainService(const core::Supervisor& supervisor, const core::Service& service,
                              const core::Moment& at) {
  return Story(supervisor, service, at).Tell();
}

}  // namespace fectl::explain
