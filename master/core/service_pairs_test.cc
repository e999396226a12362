// Each state of a service, with what it is about, and each command and each news of a slot:
// testdata/pairs/service.txt.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/service.h"
#include "master/core/testing/pairs.h"

namespace fectl::core {
namespace {

// A service with what a supervisor would hand it.
struct Bench {
  explicit Bench(uint32_t num = 1) : service(0, {.name = "web", .num = num}, 0) {
    timers.AddKeys(num);
    Do([](Service& s, Turn& t) { s.Boot(t); });
  }

  template <typename Action>
  void Do(Action action) {
    Turn turn = service.MakeTurn(at, random, effects);
    action(service, turn);
    service.Settle(turn, timers);
    service.StartWhatWasHeld(turn, timers);
  }
  void Command(Verb verb) {
    Do([&](Service& s, Turn& t) { s.OnCommand(t, ++last_request, verb); });
  }
  template <typename Handle>
  void OnSlot(uint32_t index, Handle handle) {
    Do([&](Service& s, Turn& t) { s.OnSlot(t, index, [&](Slot& slot) { return handle(slot, t); }); });
  }
  void Load(uint32_t index, uint32_t generation) {
    OnSlot(index, [&](Slot& slot, Turn& t) { return slot.OnLoaded(t, generation); });
  }
  void GiveUp(uint32_t index, uint32_t generation) {
    OnSlot(index, [&](Slot& slot, Turn& t) {
      return slot.OnExited(t, generation, MakeCause(Cause::Kind::kConfigError, "bad"));
    });
  }
  void Ask(uint32_t index, uint32_t generation) {
    OnSlot(index, [&](Slot& slot, Turn& t) {
      return slot.OnAsked(t, WorkerAsked{{0, index, generation}, Urgency::kReload, false, "old"});
    });
  }

  Service service;
  TimerQueue timers;
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
  for (uint32_t i = 0; i < num; ++i) bench.Load(i, 1);
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
  if (num > 1) bench.Load(1, 1);
  return bench;
}

Bench Stopped() {
  Bench bench = After(Served(), Verb::kStop);
  bench.OnSlot(0, [](Slot& slot, Turn& t) { return slot.OnExited(t, 1, MakeCause(Cause::Kind::kExited)); });
  return bench;
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

// Whether a process of slot 0 can bring the news.
bool MayCome(const Bench& bench, News news) {
  const SlotState& state = Slot0(bench).state();
  const bool starts = std::holds_alternative<Starting>(state);
  const bool serves = std::holds_alternative<Serving>(state);
  const bool replaces = std::holds_alternative<Replacing>(state);
  switch (news) {
    case News::kNothing:
      return true;
    case News::kReady:
      return starts || replaces;
    case News::kStartFailed:
    case News::kNoRoom:
      return starts;
    case News::kGaveUp:
      return starts || serves;
    case News::kReplacementFailed:
      return replaces;
    case News::kAsks:
      return serves;
  }
  return false;
}

// Makes the newest process of slot 0 bring the news.
void Tell(Bench& bench, News news) {
  const SlotState& state = Slot0(bench).state();
  const auto* starting = std::get_if<Starting>(&state);
  const auto* replacing = std::get_if<Replacing>(&state);
  const uint32_t newest = starting != nullptr    ? starting->process.generation
                          : replacing != nullptr ? replacing->next.generation
                                                 : 1;
  if (news == News::kNoRoom) bench.at.now = bench.at.now + bench.service.policy().startup_timeout;
  bench.OnSlot(0, [&](Slot& slot, Turn& turn) {
    switch (news) {
      case News::kNoRoom: {
        Cause cause = MakeCause(Cause::Kind::kSpawnFailed, "no memory");
        cause.number = 1;
        return slot.OnExited(turn, newest, cause);
      }
      case News::kReady:
        return slot.OnLoaded(turn, newest);
      case News::kStartFailed:
      case News::kReplacementFailed:
        return slot.OnExited(turn, newest, MakeCause(Cause::Kind::kExited, 3));
      case News::kGaveUp:
        return slot.OnExited(turn, newest, MakeCause(Cause::Kind::kConfigError, "bad"));
      case News::kAsks:
        return slot.OnAsked(turn, WorkerAsked{{0, 0, newest}, Urgency::kReload, false, "old"});
      case News::kNothing:
        break;
    }
    return News::kNothing;
  });
}

TEST(ServicePairs, EveryCommandAndNewsInEveryState) {
  const std::vector<std::pair<std::string, Verb>> verbs = {
      {"start", Verb::kStart},     {"stop", Verb::kStop},   {"reload", Verb::kReload},
      {"restart", Verb::kRestart}, {"pause", Verb::kPause}, {"resume", Verb::kResume}};
  const std::vector<std::pair<std::string, News>> news = {{"ready", News::kReady},
                                                          {"start failed", News::kStartFailed},
                                                          {"no room", News::kNoRoom},
                                                          {"gave up", News::kGaveUp},
                                                          {"replacement failed", News::kReplacementFailed},
                                                          {"asks", News::kAsks}};
  const std::vector<std::pair<std::string, Way>> ways = {
      {"shutdown", Way::kFinish}, {"shutdown, quick", Way::kQuick}, {"shutdown, kill", Way::kKill}};
  Pairs pairs("service");
  for (const State& state : States()) {
    for (const auto& [name, verb] : verbs) {
      pairs.Expect(state.name, name, Happened(state, [verb = verb](Bench& b) { b.Command(verb); }));
    }
    for (const auto& [name, way] : ways) {
      const auto shut_down = [way = way](Service& s, Turn& t) { s.Shutdown(t, way); };
      pairs.Expect(state.name, name, Happened(state, [&](Bench& b) { b.Do(shut_down); }));
    }
    for (const auto& [name, which] : news) {
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
