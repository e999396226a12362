// Each state of a slot with each event of a process and each command: testdata/pairs/slot.txt.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/slot.h"
#include "master/core/testing/pairs.h"

namespace fectl::core {
namespace {

constexpr std::string_view kNews[] = {"",
                                      "tells ready",
                                      "tells start failed",
                                      "tells no room",
                                      "tells gave up",
                                      "tells replacement failed",
                                      "tells asks"};

// A slot with what a service would hand it.
struct Bench {
  ServicePolicy policy{.name = "web", .shutdown_timeout = Seconds(20)};
  Random random{1};
  Effects effects;
  Moment at{Instant{1'000'000'000}, 0};
  bool paused = false;
  Slot slot{0};

  Turn MakeTurn() { return Turn{at, 0, policy, paused, random, effects}; }
};

using Event = std::function<News(Bench&, Turn&)>;

void Launch(Bench& bench, uint32_t generation) {
  Turn turn = bench.MakeTurn();
  bench.slot.Launch(turn, {});
  bench.slot.OnSpawned(turn, generation, 100);
}
void LaunchUnspawned(Bench& bench) {
  Turn turn = bench.MakeTurn();
  bench.slot.Launch(turn, {});
}
void Serve(Bench& bench) {
  Launch(bench, 1);
  Turn turn = bench.MakeTurn();
  bench.slot.OnLoaded(turn, 1);
}
void ReplaceUnspawned(Bench& bench) {
  Serve(bench);
  Turn turn = bench.MakeTurn();
  bench.slot.Replace(turn, Urgency::kReload, {});
}
void Replace(Bench& bench) {
  ReplaceUnspawned(bench);
  Turn turn = bench.MakeTurn();
  bench.slot.OnSpawned(turn, 2, 101);
}
void Retire(Bench& bench, Way way) {
  Serve(bench);
  Turn turn = bench.MakeTurn();
  bench.slot.RetireAll(turn, way, {});
}

void RetireAndLeaveGroup(Bench& bench) {
  Retire(bench, Way::kFinish);
  Turn turn = bench.MakeTurn();
  bench.slot.OnExited(turn, 1, {}, true);
}

struct Role {
  std::string name;
  uint32_t generation;
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
         Retire(b, Way::kKill);
         Turn turn = b.MakeTurn();
         b.slot.OnExited(turn, 1, {});
       }},
      {"waiting",
       [](Bench& b) {
         Launch(b, 1);
         Turn turn = b.MakeTurn();
         b.slot.OnExited(turn, 1, {});
         b.slot.OnExited(turn, 2, {});
       }},
      {"starting, not spawned yet", LaunchUnspawned},
      {"starting", [](Bench& b) { Launch(b, 1); }},
      {"serving", Serve},
      {"serving, held",  // became ready in a pause: was never told to start
       [](Bench& b) {
         b.paused = true;
         Serve(b);
       }},
      {"serving, paused",
       [](Bench& b) {
         Serve(b);
         Turn turn = b.MakeTurn();
         b.slot.Pause(turn, {});
       }},
      {"replacing, next not spawned yet", ReplaceUnspawned, {{"next ", 2}}},
      {"replacing", Replace, {{"old ", 1}, {"next ", 2}}},
      {"replacing, next loaded",
       [](Bench& b) {
         Replace(b);
         Turn turn = b.MakeTurn();
         b.slot.OnLoaded(turn, 2);
       },
       {{"old ", 1}, {"next ", 2}}},
      {"given up",
       [](Bench& b) {
         Launch(b, 1);
         Turn turn = b.MakeTurn();
         b.slot.OnLost(turn, 1, MakeCause(Cause::Kind::kConfigError, "bad"), Way::kAbandon);
         b.slot.OnExited(turn, 1, {});
       }},
      {"leaving, asked", [](Bench& b) { Retire(b, Way::kFinish); }},
      {"leaving, its process ended", RetireAndLeaveGroup},
      {"leaving, hurried", [](Bench& b) { Retire(b, Way::kQuick); }},
      {"leaving, killed", [](Bench& b) { Retire(b, Way::kKill); }},
      {"leaving, alarmed",
       [](Bench& b) {
         Retire(b, Way::kKill);
         b.at.now = b.slot.next_deadline();
         Turn turn = b.MakeTurn();
         b.slot.OnTime(turn);
       }},
  };
}

// What a slot shows of its state, with the stages of the processes that leave.
std::string Word(const Slot& slot) {
  constexpr std::string_view kStates[] = {"vacant",  "waiting",   "starting",
                                          "serving", "replacing", "given up"};
  constexpr std::string_view kStages[] = {" + asked", " + hurried", " + killed", " + alarmed"};
  constexpr std::string_view kTold[] = {", held", "", ", paused"};
  std::string word(kStates[slot.state().index()]);
  if (const auto* serving = std::get_if<Serving>(&slot.state()))
    word += kTold[static_cast<size_t>(serving->told)];
  if (const auto* replacing = std::get_if<Replacing>(&slot.state())) {
    word += replacing->next_loaded ? ", next loaded" : "";
    word += kTold[static_cast<size_t>(replacing->old.told)];
  }
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
  Turn turn = bench.MakeTurn();
  const News news = event(bench, turn);
  if (bench.slot == before && bench.effects.empty() && news == News::kNothing) return "";
  std::vector<std::string> words = ToWords(bench.effects);
  if (news != News::kNothing) words.emplace_back(kNews[static_cast<size_t>(news)]);
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

News Nothing() {
  return News::kNothing;
}

std::vector<Named> EventsOf(uint32_t who) {
  const auto lost = [who](Way way) {
    return [who, way](Bench& b, Turn& t) { return b.slot.OnLost(t, who, {}, way); };
  };
  const auto asked = [who](bool leaves) {
    return [who, leaves](Bench& b, Turn& t) {
      return b.slot.OnAsked(t, WorkerAsked{{0, 0, who}, Urgency::kReload, leaves, ""});
    };
  };
  return {
      {"spawned", [who](Bench& b, Turn& t) { return b.slot.OnSpawned(t, who, 7), Nothing(); }},
      {"loaded", [who](Bench& b, Turn& t) { return b.slot.OnLoaded(t, who); }},
      {"beat",
       [who](Bench& b, Turn& t) { return b.slot.OnBeat(who, t.at.now + t.policy.timeout), Nothing(); }},
      {"began a message", [who](Bench& b, Turn& t) { return b.slot.OnBeganMessage(t, who), Nothing(); }},
      {"asked", asked(false)},
      {"asked, leaves", asked(true)},
      {"channel closed", [who](Bench& b, Turn& t) { return b.slot.OnChannelClosed(t, who), Nothing(); }},
      {"lost, may finish", lost(Way::kFinish)},
      {"lost, has nothing open", lost(Way::kAbandon)},
      {"lost, hangs", lost(Way::kKill)},
      {"exited",
       [who](Bench& b, Turn& t) { return b.slot.OnExited(t, who, MakeCause(Cause::Kind::kExited)); }},
      {"exited, group left",
       [who](Bench& b, Turn& t) { return b.slot.OnExited(t, who, MakeCause(Cause::Kind::kExited), true); }},
      {"group ended", [who](Bench& b, Turn& t) { return b.slot.OnGroupEnded(t, who); }},
  };
}

std::vector<Named> Commands() {
  return {
      {"replace, reload",
       [](Bench& b, Turn& t) { return b.slot.Replace(t, Urgency::kReload, {}), Nothing(); }},
      {"replace, restart",
       [](Bench& b, Turn& t) { return b.slot.Replace(t, Urgency::kRestart, {}), Nothing(); }},
      {"commit", [](Bench& b, Turn& t) { return b.slot.Commit(t), Nothing(); }},
      {"abandon", [](Bench& b, Turn& t) { return b.slot.Abandon(t, {}), Nothing(); }},
      {"retire, finish", [](Bench& b, Turn& t) { return b.slot.RetireAll(t, Way::kFinish, {}), Nothing(); }},
      {"retire, quick", [](Bench& b, Turn& t) { return b.slot.RetireAll(t, Way::kQuick, {}), Nothing(); }},
      {"retire, kill", [](Bench& b, Turn& t) { return b.slot.RetireAll(t, Way::kKill, {}), Nothing(); }},
      {"hasten, quick", [](Bench& b, Turn& t) { return b.slot.Hasten(t, Way::kQuick), Nothing(); }},
      {"hasten, kill", [](Bench& b, Turn& t) { return b.slot.Hasten(t, Way::kKill), Nothing(); }},
      {"hurry", [](Bench& b, Turn& t) { return b.slot.Hurry(t), Nothing(); }},
      {"pause", [](Bench& b, Turn& t) { return b.slot.Pause(t, {}), Nothing(); }},
      {"resume", [](Bench& b, Turn& t) { return b.slot.Resume(t, {}), Nothing(); }},
      {"stall of 5 s", [](Bench& b, Turn& /*t*/) { return b.slot.ShiftDeadlines(Seconds(5)), Nothing(); }},
      {"time passes, nothing due", [](Bench& b, Turn& t) { return b.slot.OnTime(t); }},
  };
}

// At the very moment of the deadline, or an hour later where there is none.
std::string WhenDue(Bench& bench) {
  const Instant due = bench.slot.next_deadline();
  bench.at.now = due == kNever ? bench.at.now + Seconds(3600) : Instant{due.ns - 100'000'000};
  return Happened(bench, [](Bench& b, Turn& t) { return b.slot.OnTime(t); });
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
                            std::holds_alternative<GivenUp>(bench.slot.state());
    if (may_launch) {
      pairs.Expect(state.name, "launch",
                   happened([](Bench& b, Turn& t) { return b.slot.Launch(t, {}), Nothing(); }));
    } else {
      pairs.ExpectNever(state.name, "launch");
    }
    pairs.Expect(state.name, "time passes, due", WhenDue(bench));
  }
  pairs.Finish();
}

}  // namespace
}  // namespace fectl::core
