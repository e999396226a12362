// Each stage of the supervisor's shutdown with each event: testdata/pairs/supervisor.txt.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "master/core/testing/pairs.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

using Action = std::function<void(Script&)>;

struct Named {
  std::string name;
  Action act;
};

// One service with one worker, pid 1, which serves until it is told to leave. (Another that is spawned is
// pid 2.)
std::vector<Named> Stages() {
  return {
      {"running", [](Script&) {}},
      {"shutting down, gracefully", [](Script& s) { s.Shutdown(true); }},
      {"shutting down, quickly", [](Script& s) { s.Shutdown(false); }},
      {"shutting down, killing",
       [](Script& s) {
         s.Shutdown(false);
         s.Shutdown(false);
       }},
      {"finished",
       [](Script& s) {
         s.Shutdown(true);
         s.Exit(1, 0);
       }},
  };
}

Action Tell(Event event) {
  return [event = std::move(event)](Script& s) { s.Step(event); };
}

std::vector<Named> Events() {
  const Incarnation worker{0, 0, 1};
  const Incarnation late{0, 0, 0};
  const Incarnation no_slot{0, 7, 1};
  const Incarnation no_service{7, 0, 1};
  const auto command = [](Verb verb, ServiceId service = 0) {
    return Tell(Commanded{.request = 5, .service = service, .verb = verb});
  };
  return {
      {"spawned", Tell(Spawned{worker, 1})},
      {"spawn failed", Tell(SpawnFailed{worker, "no memory"})},
      {"loaded", Tell(WorkerLoaded{worker})},
      {"beat", Tell(WorkerBeat{worker})},
      {"began a message", Tell(WorkerBeganMessage{worker})},
      {"examined", Tell(Examined{worker, "hung in `f`"})},
      {"busy", Tell(WorkerLeased{worker, Seconds(60), 0, "load"})},
      {"asked", Tell(WorkerAsked{worker, Urgency::kReload, false, ""})},
      {"configuration error", Tell(WorkerConfigError{worker, "bad"})},
      {"violated", Tell(WorkerViolated{worker, "garbage"})},
      {"channel closed", Tell(ChannelClosed{worker})},
      {"exited", Tell(Exited{.who = worker, .number = 3})},
      {"exited, group left", Tell(Exited{.who = worker, .number = 3, .group_left = true})},
      {"group ended", Tell(GroupEnded{worker})},
      {"exited, late", Tell(Exited{.who = late})},
      {"exited, no such slot", Tell(Exited{.who = no_slot})},
      {"exited, no such service", Tell(Exited{.who = no_service})},
      {"beat, no such slot", Tell(WorkerBeat{no_slot})},
      {"beat, no such service", Tell(WorkerBeat{no_service})},
      {"start", command(Verb::kStart)},
      {"stop", command(Verb::kStop)},
      {"reload", command(Verb::kReload)},
      {"restart", command(Verb::kRestart)},
      {"pause", command(Verb::kPause)},
      {"resume", command(Verb::kResume)},
      {"start, no such service", command(Verb::kStart, 7)},
      {"stop, no such service", command(Verb::kStop, 1)},
      {"service added", Tell(ServiceAdded{{2, Web(1)}})},
      {"service removed", Tell(ServiceRemoved{0})},
      {"removed, no such service", Tell(ServiceRemoved{7})},
      {"service resized", Tell(ServiceResized{0, 2})},
      {"resized, no such service", Tell(ServiceResized{7, 2})},
      {"plan changed", Tell(PlanChanged{0, {2, Web(2)}})},
      {"plan changed, no such service", Tell(PlanChanged{7, {2, Web(2)}})},
      {"shutdown, graceful", Tell(ShutdownAsked{.graceful = true})},
      {"shutdown, quick", Tell(ShutdownAsked{.graceful = false})},
      {"shutdown by a client", Tell(ShutdownAsked{.graceful = true, .request = 5})},
      {"shutdown, quick, client", Tell(ShutdownAsked{.graceful = false, .request = 5})},
      {"time passes, nothing due", Tell(TimePassed{})},
      {"time passes, 10 s", [](Script& s) { s.Pass(Seconds(10)); }},
      {"room made", Tell(RoomMade{})},
      {"stalled", Tell(Stalled{Seconds(5)})},
  };
}

std::string StateOf(const Script& script) {
  return script.supervisor().Find(0) == nullptr ? "forgotten" : script.State();
}

TEST(SupervisorPairs, EveryEventInEveryStage) {
  Pairs pairs("supervisor");
  for (const Named& stage : Stages()) {
    for (const Named& event : Events()) {
      Script script({Web(1)});
      script.Boot();
      script.Load(1);
      stage.act(script);
      script.Decided();
      const Supervisor before = script.supervisor();
      event.act(script);
      std::vector<std::string> decided = script.Decided();
      const bool ignored = decided.empty() && script.supervisor() == before;
      if (decided.empty()) decided.emplace_back("remembered");
      pairs.Expect(stage.name, event.name, ignored ? "" : Outcome(StateOf(script), decided));
    }
  }
  pairs.Finish();
}

}  // namespace
}  // namespace fectl::core
