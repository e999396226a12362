// Each state of a service, with what it is about, and each command and each outcome of a slot:
// testdata/pairs/service.txt.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/service/service.h"
#include "master/core/testing/pairs.h"

namespace fectl::core {
namespace {

// A service with what a supervisor would hand it.
struct Bench {
  explicit Bench(uint32_t num = 1) : Bench(ServicePolicy{.name = "web", .num = num}) {}
  explicit Bench(const ServicePolicy& policy) : service(0, {1, policy}) {
    Do([](Service& s, StepContext& t) { s.Boot(t); });
  }

  template <typename Action>
  void Do(Action action) {
    StepContext step = service.ContextFor(at, newest, newest_event, random, effects);
    action(service, step);
    service.Settle(step, timers);
    service.StartWhatWasHeld(step, timers);
  }
  void Command(Verb verb) {
    Do([&](Service& s, StepContext& t) { s.OnCommand(t, {.request = ++last_request, .verb = verb}); });
  }
  template <typename Handle>
  void OnSlot(uint32_t index, Handle handle) {
    Do([&](Service& s, StepContext& t) { s.OnSlot(t, index, [&](Slot& slot) { return handle(slot, t); }); });
  }
  void Load(uint32_t index, Generation generation) {
    OnSlot(index, [&](Slot& slot, StepContext& t) { return slot.OnLoaded(t, generation); });
  }
  void GiveUp(uint32_t index, Generation generation) {
    OnSlot(index, [&](Slot& slot, StepContext& t) {
      return slot.OnExited(t, generation, MakeCause(Cause::Kind::kConfigError, "bad"));
    });
  }
  void Ask(uint32_t index, Generation generation) {
    OnSlot(index, [&](Slot& slot, StepContext& t) {
      return slot.OnAsked(t, WorkerAsked{{0, index, generation}, Urgency::kReload, false, "old", false});
    });
  }

  Service service;
  TimerQueue timers;
  Generation newest = 0;
  EventNumber newest_event = 0;
  Random random{1};
  Effects effects;
  Moment at{Instant{1'000'000'000}, 0};
  RequestId last_request = 0;
};

struct State {
  std::string name;
  std::function<Bench()> make;
};

Bench Served(uint32_t num = 1) {
  Bench bench(num);
  for (uint32_t i = 0; i < num; ++i) bench.Load(i, i + 1);
  return bench;
}

Bench After(Bench bench, Verb verb) {
  bench.Command(verb);
  return bench;
}

Bench Asked() {
  Bench bench = Served();
  bench.Ask(0, 1);
  return bench;
}

Bench Failed(uint32_t num) {
  Bench bench(num);
  bench.GiveUp(0, 1);
  if (num > 1) bench.Load(1, 2);
  return bench;
}

Bench Stopped() {
  Bench bench = After(Served(), Verb::kStop);
  bench.OnSlot(
      0, [](Slot& slot, StepContext& t) { return slot.OnExited(t, 1, MakeCause(Cause::Kind::kExited)); });
  return bench;
}

Bench Oneshot() {
  return Bench(ServicePolicy{.name = "web", .oneshot = true});
}

Bench EndedWith(Bench bench, int code) {
  const auto end = [code](Slot& slot, StepContext& t) {
    return slot.OnExited(t, 1, MakeCause(Cause::Kind::kExited, code));
  };
  bench.OnSlot(0, end);
  return bench;
}

void Judge(Bench& bench, const StartVerdict& verdict) {
  bench.Do([&](Service& s, StepContext& t) {
    s.OnCalled();
    s.OnVerdict(t, verdict);
  });
}

constexpr bool kBlocked = true;

Bench Waits(bool blocked = false) {
  Bench bench(ServicePolicy{.name = "web", .require = {"db"}});
  const std::string words = blocked ? "blocked: db failed" : "waiting for db";
  Judge(bench, {.blocked = blocked, .words = words});
  return bench;
}

Bench WaitsForAOneshot() {
  Bench bench(ServicePolicy{.name = "web", .before_roll = "migrate"});
  bench.Load(0, 1);
  return After(bench, Verb::kReload);
}

Bench RolledOut(const RolloutPolicy& rollout) {
  Bench bench(ServicePolicy{.name = "web", .num = 2, .rollout = rollout});
  bench.Load(0, 1);
  bench.Load(1, 2);
  bench.Command(Verb::kReload);
  bench.Load(0, 3);
  if (bench.newest > 3) bench.Load(1, 4);
  return bench;
}

Bench Canary() {
  RolloutPolicy rollout;
  rollout.canary = 1;
  return RolledOut(rollout);
}

Bench Proving() {
  RolloutPolicy rollout;
  rollout.max_surge = 1;
  rollout.min_ready = Seconds(5);
  return RolledOut(rollout);
}

Bench Baking60() {
  RolloutPolicy rollout;
  rollout.bake = Seconds(60);
  return RolledOut(rollout);
}

std::vector<State> States() {
  return {
      {"stopped", Stopped},
      {"starting", [] { return Bench(); }},
      {"starting, a command waits", [] { return After(Stopped(), Verb::kStart); }},
      {"running", [] { return Served(); }},
      {"running, a worker asked", Asked},
      {"running, a worker asked, a reload waits", [] { return After(Asked(), Verb::kReload); }},
      {"paused", [] { return After(Served(), Verb::kPause); }},
      {"reloading", [] { return After(Served(), Verb::kReload); }},
      {"reloading, a restart waits", [] { return After(After(Served(), Verb::kReload), Verb::kRestart); }},
      {"reloading, nobody to replace", [] { return After(Failed(1), Verb::kReload); }},
      {"stopping", [] { return After(Served(), Verb::kStop); }},
      {"failed", [] { return Failed(1); }},
      {"failed, another slot serves", [] { return Failed(2); }},
      {"waiting", [] { return Waits(); }},
      {"waiting, a command waits", [] { return After(Waits(), Verb::kStart); }},
      {"waiting, blocked", [] { return Waits(kBlocked); }},
      {"reloading, waits for a oneshot", WaitsForAOneshot},
      {"reloading, the canary waits", Canary},
      {"reloading, watched", Proving},
      {"reloading, held", [] { return After(Proving(), Verb::kHold); }},
      {"reloading, bakes", Baking60},
      {"a oneshot runs", Oneshot},
      {"a oneshot is done", [] { return EndedWith(Oneshot(), 0); }},
      {"a oneshot has failed", [] { return EndedWith(Oneshot(), 3); }},
  };
}

// What was decided, and the service's state behind it; "" where nothing changed.
template <typename Action>
std::string Happened(const State& state, Action action) {
  Bench bench = state.make();
  bench.effects.clear();
  const Service before = bench.service;
  action(bench);
  if (bench.service == before && bench.effects.empty()) return "";
  std::vector<std::string> words = ToWords(bench.effects);
  if (words.empty()) words.emplace_back("remembered");
  return Outcome(std::string(ToWord(bench.service.state())), words);
}

const Slot& Slot0(const Bench& bench) {
  return bench.service.slots()[0];
}

// Whether a process of slot 0 can bring the outcome.
bool MayCome(const Bench& bench, SlotOutcome outcome) {
  const SlotState& state = Slot0(bench).state();
  const bool starts = std::holds_alternative<Starting>(state);
  const bool serves = std::holds_alternative<Serving>(state);
  const bool replaces = std::holds_alternative<Replacing>(state);
  switch (outcome) {
    case SlotOutcome::kNothing:
      return true;
    case SlotOutcome::kReady:
      return starts || replaces;
    case SlotOutcome::kStartFailed:
      return starts && !bench.service.policy().oneshot;
    case SlotOutcome::kNoRoom:
      return starts;
    case SlotOutcome::kGaveUp:
      return starts || serves;
    case SlotOutcome::kReplacementFailed:
      return replaces || std::holds_alternative<Baking>(state);
    case SlotOutcome::kLost:
      return serves;
    case SlotOutcome::kAsks:
      return serves;
  }
  return false;
}

// Makes the newest process of slot 0 bring the outcome.
void Tell(Bench& bench, SlotOutcome outcome) {
  const SlotState& state = Slot0(bench).state();
  const auto* starting = std::get_if<Starting>(&state);
  const auto* replacing = std::get_if<Replacing>(&state);
  const auto* baking = std::get_if<Baking>(&state);
  const Generation newest = baking != nullptr      ? baking->now.process.generation
                            : starting != nullptr  ? starting->process.generation
                            : replacing != nullptr ? replacing->next.generation
                                                   : 1;
  if (outcome == SlotOutcome::kNoRoom) bench.at.now = bench.at.now + bench.service.policy().startup_timeout;
  bench.OnSlot(0, [&](Slot& slot, StepContext& step) {
    switch (outcome) {
      case SlotOutcome::kNoRoom: {
        const Cause cause = MakeSpawnFailed(StartFailure::kTransient, "no memory");
        return slot.OnExited(step, newest, cause);
      }
      case SlotOutcome::kReady:
        if (starting != nullptr && starting->process.oneshot)
          return slot.OnExited(step, newest, MakeCause(Cause::Kind::kExited));
        return slot.OnLoaded(step, newest);
      case SlotOutcome::kStartFailed:
      case SlotOutcome::kReplacementFailed:
      case SlotOutcome::kLost:
        return slot.OnExited(step, newest, MakeCause(Cause::Kind::kExited, 3));
      case SlotOutcome::kGaveUp:
        return slot.OnExited(step, newest, MakeCause(Cause::Kind::kConfigError, "bad"));
      case SlotOutcome::kAsks:
        return slot.OnAsked(step, WorkerAsked{{0, 0, newest}, Urgency::kReload, false, "old", false});
      case SlotOutcome::kNothing:
        break;
    }
    return SlotOutcome::kNothing;
  });
}

using Change = std::function<void(Service&, StepContext&)>;

std::vector<std::pair<std::string, Change>> Changes() {
  return {
      {"removed", [](Service& s, StepContext& t) { s.OnRemoved(t); }},
      {"resized, one more", [](Service& s, StepContext& t) { s.OnResized(t, s.policy().num + 1); }},
      {"resized, one", [](Service& s, StepContext& t) { s.OnResized(t, 1); }},
      {"new plan",
       [](Service& s, StepContext& t) {
         s.OnPlanChanged({2, s.policy()});
         s.OnPolicyChanged(t);
       }},
  };
}

// What the supervisor tells a service of others.
std::vector<std::pair<std::string, std::function<void(Bench&)>>> News(const Bench& bench) {
  if (bench.service.waiting() != nullptr) {
    return {
        {"may begin", [](Bench& b) { Judge(b, {.begins = true}); }},
        {"has to wait", [](Bench& b) { Judge(b, {.words = "waiting for db"}); }},
        {"is blocked", [](Bench& b) { Judge(b, {.blocked = true, .words = "blocked: db failed"}); }},
        {"start alone",
         [](Bench& b) {
           b.Do([](Service& s, StepContext& t) {
             s.OnCommand(t, {.request = 9, .verb = Verb::kStart, .alone = true});
           });
         }},
    };
  }
  if (const ReplaceOperation* rollout = bench.service.rollout();
      rollout != nullptr && rollout->until != kNever) {
    return {{"its time is over", [](Bench& b) {
               b.at.now = b.service.rollout()->until;
               b.Do([](Service& s, StepContext& t) { s.OnOwnTime(t); });
             }}};
  }
  if (bench.service.before_roll() != nullptr) {
    return {
        {"roll may begin", [](Bench& b) { b.Do([](Service& s, StepContext& t) { s.BeginRoll(t); }); }},
        {"roll fails",
         [](Bench& b) { b.Do([](Service& s, StepContext& t) { s.FailRoll(t, "migrate failed: bad"); }); }},
    };
  }
  return {};
}

TEST(ServicePairs, EveryCommandAndOutcomeInEveryState) {
  const std::vector<std::pair<std::string, Verb>> verbs = {
      {"start", Verb::kStart},     {"stop", Verb::kStop},   {"reload", Verb::kReload},
      {"restart", Verb::kRestart}, {"pause", Verb::kPause}, {"resume", Verb::kResume},
      {"promote", Verb::kPromote}, {"hold", Verb::kHold},   {"abort", Verb::kAbort}};
  const std::vector<std::pair<std::string, SlotOutcome>> outcomes = {
      {"ready", SlotOutcome::kReady},
      {"start failed", SlotOutcome::kStartFailed},
      {"no room", SlotOutcome::kNoRoom},
      {"gave up", SlotOutcome::kGaveUp},
      {"replacement failed", SlotOutcome::kReplacementFailed},
      {"lost", SlotOutcome::kLost},
      {"asks", SlotOutcome::kAsks}};
  const std::vector<std::pair<std::string, StopMode>> modes = {{"shutdown", StopMode::kFinish},
                                                               {"shutdown, quick", StopMode::kQuick},
                                                               {"shutdown, kill", StopMode::kKill}};
  Pairs pairs("service");
  for (const State& state : States()) {
    for (const auto& [name, verb] : verbs) {
      pairs.Expect(state.name, name, Happened(state, [verb = verb](Bench& b) { b.Command(verb); }));
    }
    for (const auto& [name, mode] : modes) {
      const auto shut_down = [mode = mode](Service& s, StepContext& t) { s.Shutdown(t, mode); };
      pairs.Expect(state.name, name, Happened(state, [&](Bench& b) { b.Do(shut_down); }));
    }
    const auto shut_down_later = [](Service& s, StepContext& t) { s.AwaitShutdown(t); };
    if (state.make().service.up() && state.make().service.waiting() == nullptr) {
      pairs.Expect(state.name, "shutdown, later", Happened(state, [&](Bench& b) { b.Do(shut_down_later); }));
    } else {
      pairs.ExpectNever(state.name, "shutdown, later");
    }
    for (const auto& [name, tell] : News(state.make())) pairs.Expect(state.name, name, Happened(state, tell));
    for (const auto& [name, change] : Changes()) {
      pairs.Expect(state.name, name, Happened(state, [&change = change](Bench& b) { b.Do(change); }));
    }
    for (const auto& [name, which] : outcomes) {
      if (MayCome(state.make(), which)) {
        pairs.Expect(state.name, "slot: " + name,
                     Happened(state, [which = which](Bench& b) { Tell(b, which); }));
      } else {
        pairs.ExpectNever(state.name, "slot: " + name);
      }
    }
  }
  pairs.Finish();
}

}  // namespace
}  // namespace fectl::core
