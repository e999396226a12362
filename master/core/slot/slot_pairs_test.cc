// Each state of a slot with each event of a process and each command: testdata/pairs/slot.txt.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/slot/slot.h"
#include "master/core/testing/pairs.h"

namespace fectl::core {
namespace {

constexpr std::string_view kOutcomes[] = {"",
                                          "tells ready",
                                          "tells start failed",
                                          "tells no room",
                                          "tells gave up",
                                          "tells replacement failed",
                                          "tells lost",
                                          "tells asks"};

// A slot with what a service would hand it.
struct Bench {
  ServicePolicy policy{.name = "web", .shutdown_timeout = Seconds(20)};
  Random random{1};
  Effects effects;
  Moment at{Instant{1'000'000'000}, 0};
  bool paused = false;
  Generation newest = 0;
  EventNumber newest_event = 0;
  Slot slot{0};

  StepContext ContextFor() {
    return StepContext{at, 0, policy, 1, paused, newest, newest_event, random, effects};
  }
};

using Event = std::function<SlotOutcome(Bench&, StepContext&)>;

void Launch(Bench& bench, Generation generation) {
  StepContext step = bench.ContextFor();
  bench.slot.Launch(step, {}, 1);
  bench.slot.OnSpawned(step, generation, 100);
}
void LaunchOneshot(Bench& bench) {
  bench.policy.oneshot = true;
  Launch(bench, 1);
}
void BeDone(Bench& bench) {
  LaunchOneshot(bench);
  StepContext step = bench.ContextFor();
  bench.slot.OnExited(step, 1, MakeCause(Cause::Kind::kExited));
}
void LaunchUnspawned(Bench& bench) {
  StepContext step = bench.ContextFor();
  bench.slot.Launch(step, {}, 1);
}
void Serve(Bench& bench) {
  Launch(bench, 1);
  StepContext step = bench.ContextFor();
  bench.slot.OnLoaded(step, 1);
}
void ReplaceUnspawned(Bench& bench) {
  Serve(bench);
  StepContext step = bench.ContextFor();
  bench.slot.Replace(step, {.urgency = Urgency::kReload, .cause = {}});
}
void Replace(Bench& bench) {
  ReplaceUnspawned(bench);
  StepContext step = bench.ContextFor();
  bench.slot.OnSpawned(step, 2, 101);
}
void Bake(Bench& bench) {
  Replace(bench);
  StepContext step = bench.ContextFor();
  bench.slot.OnLoaded(step, 2);
  bench.slot.Commit(step, true);
}
void BakeBusily(Bench& bench) {
  Bake(bench);
  StepContext step = bench.ContextFor();
  bench.slot.OnLeased(step, WorkerLeased{{0, 0, 2}, Seconds(50), 0, "load"});
}
void Retire(Bench& bench, StopMode mode) {
  Serve(bench);
  StepContext step = bench.ContextFor();
  bench.slot.RetireAll(step, mode, {});
}

void RetireAndLeaveGroup(Bench& bench) {
  Retire(bench, StopMode::kFinish);
  StepContext step = bench.ContextFor();
  bench.slot.OnExited(step, 1, {}, true);
}

void BeBusy(Bench& bench) {
  StepContext step = bench.ContextFor();
  bench.slot.OnLeased(step, WorkerLeased{{0, 0, 1}, Seconds(50), 0, "load"});
}

void StartBusily(Bench& bench) {
  Launch(bench, 1);
  BeBusy(bench);
}
void ServeBusily(Bench& bench) {
  Serve(bench);
  BeBusy(bench);
}
void Hang(Bench& bench) {
  Serve(bench);
  StepContext step = bench.ContextFor();
  bench.slot.OnLost(step, 1, MakeCause(Cause::Kind::kHeartbeatTimeout, 10), StopMode::kExamine);
}
void GiveUp(Bench& bench) {
  Launch(bench, 1);
  StepContext step = bench.ContextFor();
  bench.slot.OnLost(step, 1, MakeCause(Cause::Kind::kConfigError, "bad"), StopMode::kAbandon);
  bench.slot.OnExited(step, 1, {});
}

struct Role {
  std::string name;
  Generation generation;
};

struct State {
  std::string name;
  std::function<void(Bench&)> enter;
  std::vector<Role> roles = {{"", 1}};  // whose events are tried
};

std::vector<State> States() {
  return {
      {"vacant",
       [](Bench& b) {
         Retire(b, StopMode::kKill);
         StepContext step = b.ContextFor();
         b.slot.OnExited(step, 1, {});
       }},
      {"waiting",
       [](Bench& b) {
         Launch(b, 1);
         StepContext step = b.ContextFor();
         b.slot.OnExited(step, 1, {});
         b.slot.OnExited(step, 2, {});
       }},
      {"starting, not spawned yet", LaunchUnspawned},
      {"starting", [](Bench& b) { Launch(b, 1); }},
      {"starting, a oneshot", LaunchOneshot},
      {"starting, busy", StartBusily},
      {"serving", Serve},
      {"serving, busy", ServeBusily},
      {"serving, held",  // became ready in a pause: was never told to start
       [](Bench& b) {
         b.paused = true;
         Serve(b);
       }},
      {"serving, paused",
       [](Bench& b) {
         Serve(b);
         StepContext step = b.ContextFor();
         b.slot.Pause(step, {});
       }},
      {"replacing, next not spawned yet", ReplaceUnspawned, {{"next ", 2}}},
      {"replacing", Replace, {{"old ", 1}, {"next ", 2}}},
      {"replacing, next loaded",
       [](Bench& b) {
         Replace(b);
         StepContext step = b.ContextFor();
         b.slot.OnLoaded(step, 2);
       },
       {{"old ", 1}, {"next ", 2}}},
      {"baking", Bake, {{"old ", 1}, {"now ", 2}}},
      {"baking, busy", BakeBusily, {{"old ", 1}, {"now ", 2}}},
      {"given up", GiveUp},
      {"done", BeDone},
      {"leaving, examined", Hang},
      {"leaving, asked", [](Bench& b) { Retire(b, StopMode::kFinish); }},
      {"leaving, its process ended", RetireAndLeaveGroup},
      {"leaving, hurried", [](Bench& b) { Retire(b, StopMode::kQuick); }},
      {"leaving, killed", [](Bench& b) { Retire(b, StopMode::kKill); }},
      {"leaving, alarmed",
       [](Bench& b) {
         Retire(b, StopMode::kKill);
         b.at.now = b.slot.next_deadline();
         StepContext step = b.ContextFor();
         b.slot.OnTime(step);
       }},
  };
}

// What a slot shows of its state, with the stages of the processes that leave.
std::string Word(const Slot& slot) {
  constexpr std::string_view kStates[] = {"vacant",    "waiting",  "starting", "serving",
                                          "replacing", "given up", "done",     "baking"};
  constexpr std::string_view kStages[] = {" + asked", " + hurried", " + killed", " + alarmed"};
  constexpr std::string_view kTold[] = {", held", "", ", paused"};
  std::string word(kStates[slot.state().index()]);
  if (const auto* serving = std::get_if<Serving>(&slot.state()))
    word += kTold[static_cast<size_t>(serving->last_order)];
  if (const auto* replacing = std::get_if<Replacing>(&slot.state())) {
    word += replacing->next_loaded ? ", next loaded" : "";
    word += kTold[static_cast<size_t>(replacing->old.last_order)];
  }
  if (const auto* baking = std::get_if<Baking>(&slot.state()))
    word += kTold[static_cast<size_t>(baking->now.last_order)];
  if (slot.lease(Instant{}) != nullptr) word += ", busy";
  for (const Leaving& leaving : slot.leaving()) {
    word += kStages[static_cast<size_t>(leaving.stage)];
    word += leaving.ended ? " without its process" : "";
  }
  return word;
}

// What the event does; "" where that is nothing at all.
std::string Happened(Bench& bench, const Event& event) {
  bench.effects.clear();
  bench.at.now = bench.at.now + Milliseconds(100);
  const Slot before = bench.slot;
  StepContext step = bench.ContextFor();
  const SlotOutcome outcome = event(bench, step);
  if (bench.slot == before && bench.effects.empty() && outcome == SlotOutcome::kNothing) return "";
  std::vector<std::string> words = ToWords(bench.effects);
  if (outcome != SlotOutcome::kNothing) words.emplace_back(kOutcomes[static_cast<size_t>(outcome)]);
  const Instant due = bench.slot.next_deadline();
  if (due != before.next_deadline()) {
    words.push_back(due == kNever ? "nothing due"
                                  : "due in " + std::to_string((due - bench.at.now).ns / 1'000'000) + " ms");
  }
  if (words.empty()) words.emplace_back("remembered");
  return Outcome(Word(bench.slot), words);
}

struct Named {
  std::string name;
  Event event;
};

SlotOutcome Nothing() {
  return SlotOutcome::kNothing;
}

std::vector<Named> EventsOf(Generation who) {
  const auto lost = [who](StopMode mode) {
    return [who, mode](Bench& b, StepContext& t) { return b.slot.OnLost(t, who, {}, mode); };
  };
  const auto asked = [who](bool leaves) {
    return [who, leaves](Bench& b, StepContext& t) {
      return b.slot.OnAsked(t, WorkerAsked{{0, 0, who}, Urgency::kReload, leaves, "", false});
    };
  };
  const auto busy = [who](Span length) {
    return [who, length](Bench& b, StepContext& t) {
      return b.slot.OnLeased(t, WorkerLeased{{0, 0, who}, length, 0, "load"}), Nothing();
    };
  };
  return {
      {"spawned", [who](Bench& b, StepContext& t) { return b.slot.OnSpawned(t, who, 7), Nothing(); }},
      {"loaded", [who](Bench& b, StepContext& t) { return b.slot.OnLoaded(t, who); }},
      {"beat", [who](Bench& b, StepContext& t) { return b.slot.OnBeat(who, t.at.now), Nothing(); }},
      {"examined",
       [who](Bench& b, StepContext& t) {
         return b.slot.OnExamined(t, Examined{{0, 0, who}, "hung in `f`"}), Nothing();
       }},
      {"began a message",
       [who](Bench& b, StepContext& t) { return b.slot.OnBeganMessage(t, who), Nothing(); }},
      {"busy for 60 s", busy(Seconds(60))},
      {"busy no longer", busy(Span{})},
      {"asked", asked(false)},
      {"asked, leaves", asked(true)},
      {"worn out", [who](Bench& b, StepContext& t) { return b.slot.WornOut(t, who, "old"); }},
      {"disproved", [who](Bench& b, StepContext& t) { return b.slot.OnDisproved(t, who, "errors"); }},
      {"channel closed",
       [who](Bench& b, StepContext& t) { return b.slot.OnChannelClosed(t, who), Nothing(); }},
      {"lost, may finish", lost(StopMode::kFinish)},
      {"lost, has nothing open", lost(StopMode::kAbandon)},
      {"lost, hangs", lost(StopMode::kKill)},
      {"exited",
       [who](Bench& b, StepContext& t) { return b.slot.OnExited(t, who, MakeCause(Cause::Kind::kExited)); }},
      {"exited, group left",
       [who](Bench& b, StepContext& t) {
         return b.slot.OnExited(t, who, MakeCause(Cause::Kind::kExited), true);
       }},
      {"group ended", [who](Bench& b, StepContext& t) { return b.slot.OnGroupEnded(t, who); }},
  };
}

std::vector<Named> Commands() {
  return {
      {"replace, reload",
       [](Bench& b, StepContext& t) {
         return b.slot.Replace(t, {.urgency = Urgency::kReload, .cause = {}}), Nothing();
       }},
      {"replace, the old one first",
       [](Bench& b, StepContext& t) {
         return b.slot.Replace(t, {.cause = {}, .old_first = true}), Nothing();
       }},
      {"replace, restart",
       [](Bench& b, StepContext& t) {
         return b.slot.Replace(t, {.urgency = Urgency::kRestart, .cause = {}}), Nothing();
       }},
      {"commit", [](Bench& b, StepContext& t) { return b.slot.Commit(t, false), Nothing(); }},
      {"commit, keep the old one",
       [](Bench& b, StepContext& t) { return b.slot.Commit(t, true), Nothing(); }},
      {"let the old one go", [](Bench& b, StepContext& t) { return b.slot.LetOldGo(t), Nothing(); }},
      {"go back", [](Bench& b, StepContext& t) { return b.slot.GoBack(t, {}), Nothing(); }},
      {"abandon", [](Bench& b, StepContext& t) { return b.slot.Abandon(t, {}), Nothing(); }},
      {"retire, finish",
       [](Bench& b, StepContext& t) { return b.slot.RetireAll(t, StopMode::kFinish, {}), Nothing(); }},
      {"retire, quick",
       [](Bench& b, StepContext& t) { return b.slot.RetireAll(t, StopMode::kQuick, {}), Nothing(); }},
      {"retire, kill",
       [](Bench& b, StepContext& t) { return b.slot.RetireAll(t, StopMode::kKill, {}), Nothing(); }},
      {"hasten, quick",
       [](Bench& b, StepContext& t) { return b.slot.Hasten(t, StopMode::kQuick), Nothing(); }},
      {"hasten, kill", [](Bench& b, StepContext& t) { return b.slot.Hasten(t, StopMode::kKill), Nothing(); }},
      {"hurry", [](Bench& b, StepContext& t) { return b.slot.Hurry(t), Nothing(); }},
      {"pause", [](Bench& b, StepContext& t) { return b.slot.Pause(t, {}), Nothing(); }},
      {"resume", [](Bench& b, StepContext& t) { return b.slot.Resume(t, {}), Nothing(); }},
      {"stall of 5 s",
       [](Bench& b, StepContext& /*t*/) { return b.slot.ShiftDeadlines(Seconds(5)), Nothing(); }},
      {"timeouts become 1 s",
       [](Bench& b, StepContext& t) {
         b.policy.timeout = b.policy.startup_timeout = b.policy.shutdown_timeout = Seconds(1);
         return b.slot.OnPolicyChanged(t), Nothing();
       }},
      {"timeouts become 100 s",
       [](Bench& b, StepContext& t) {
         b.policy.timeout = b.policy.startup_timeout = b.policy.shutdown_timeout = Seconds(100);
         return b.slot.OnPolicyChanged(t), Nothing();
       }},
      {"time passes, nothing due", [](Bench& b, StepContext& t) { return b.slot.OnTime(t); }},
  };
}

// At the very moment of the deadline, or an hour later where there is none.
std::string WhenDue(Bench& bench) {
  const Instant due = bench.slot.next_deadline();
  bench.at.now = due == kNever ? bench.at.now + Seconds(3600) : Instant{due.ns - 100'000'000};
  return Happened(bench, [](Bench& b, StepContext& t) { return b.slot.OnTime(t); });
}

TEST(SlotPairs, EveryEventInEveryState) {
  Pairs pairs("slot");
  for (const State& state : States()) {
    const auto happened = [&state](const Event& event) {
      Bench bench;
      state.enter(bench);
      return Happened(bench, event);
    };
    for (const Role& role : state.roles) {
      for (const Named& event : EventsOf(role.generation)) {
        pairs.Expect(state.name, role.name + event.name, happened(event.event));
      }
    }
    for (const Named& event : Commands()) pairs.Expect(state.name, event.name, happened(event.event));
    Bench bench;
    state.enter(bench);
    // Elsewhere a process would be left behind that nobody knows.
    const bool may_launch = std::holds_alternative<Vacant>(bench.slot.state()) ||
                            std::holds_alternative<Waiting>(bench.slot.state()) ||
                            std::holds_alternative<GivenUp>(bench.slot.state()) || bench.slot.done();
    if (may_launch) {
      pairs.Expect(state.name, "launch",
                   happened([](Bench& b, StepContext& t) { return b.slot.Launch(t, {}, 1), Nothing(); }));
    } else {
      pairs.ExpectNever(state.name, "launch");
    }
    pairs.Expect(state.name, "time passes, due", WhenDue(bench));
  }
  pairs.Finish();
}

}  // namespace
}  // namespace fectl::core
