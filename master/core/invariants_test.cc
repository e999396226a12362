// The invariants bite: each is broken on purpose, and named.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/check.h"
#include "master/core/supervisor.h"
#include "master/core/testing/member.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

// The numbers of members, in Slot::Fields, Service::Fields and Supervisor::Fields.
constexpr uint8_t kIndex = 1;
constexpr uint8_t kCrashing = 5;
constexpr uint8_t kState = 10;
constexpr uint8_t kLeaving = 11;
constexpr uint8_t kAskAt = 14;
constexpr uint8_t kDueAsk = 15;
constexpr uint8_t kId = 1;
constexpr uint8_t kPlan = 2;
constexpr uint8_t kRemoving = 4;
constexpr uint8_t kUp = 5;
constexpr uint8_t kUpSince = 6;
constexpr uint8_t kPaused = 7;
constexpr uint8_t kSlots = 8;
constexpr uint8_t kAwaited = 9;
constexpr uint8_t kOperation = 10;
constexpr uint8_t kQueued = 11;
constexpr uint8_t kServices = 1;
constexpr uint8_t kNextService = 2;
constexpr uint8_t kNewestProcess = 3;
constexpr uint8_t kFinished = 8;

// Two workers, in a supervisor whose parts can be changed from outside.
class Broken : public testing::Test {
 protected:
  explicit Broken(Script script = AllServing(2)) : supervisor_(script.supervisor()) {}

  template <uint8_t number, typename Use>
  void OfService(Use use) {
    WithMember<kServices>(supervisor_, [&](auto& services) { WithMember<number>(services[0], use); });
  }
  template <uint8_t number, typename Use>
  void OfSlot(uint32_t index, Use use) {
    OfService<kSlots>([&](auto& slots) { WithMember<number>(slots[index], use); });
  }
  template <typename State, typename Use>
  void InState(uint32_t index, Use use) {
    OfSlot<kState>(index, [&](auto& state) { use(std::get<State>(state)); });
  }
  template <typename Operation, typename Use>
  void InOperation(Use use) {
    OfService<kOperation>([&](auto& operation) { use(std::get<Operation>(operation)); });
  }
  std::string Contradiction() const { return std::string(supervisor_.Contradiction()); }

  Supervisor supervisor_;
};

class BrokenStart : public Broken {
 protected:
  BrokenStart() : Broken(Started()) {}
  static Script Started() {
    Script script({Web(2)});
    script.Boot();
    return script;
  }
};

class BrokenReload : public Broken {
 protected:
  BrokenReload() : Broken(Reloading()) {}
  static Script Reloading() {
    Script script = AllServing(2);
    script.Command(Verb::kReload);
    return script;
  }
};

class BrokenStop : public Broken {
 protected:
  BrokenStop() : Broken(Stopping()) {}
  static Script Stopping() {
    Script script = AllServing(2);
    script.Command(Verb::kStop);
    return script;
  }
};

// web, which waits for a oneshot; or, behind its first start, is reloaded once the oneshot has run again.
class BrokenOrder : public Broken {
 public:
  BrokenOrder() : Broken(Ordered()) {}
  static Script Ordered(bool rolls = false) {
    ServicePolicy web = Web(1);
    web.require = {"migrate"};
    web.before_roll = "migrate";
    ServicePolicy migrate = Web(1);
    migrate.name = "migrate";
    migrate.oneshot = true;
    Script script({web, migrate});
    script.Boot();
    if (!rolls) return script;
    script.Exit(1, 0);
    script.Load(2);
    script.Command(Verb::kReload);
    return script;
  }
};

class BrokenRoll : public Broken {
 protected:
  BrokenRoll() : Broken(BrokenOrder::Ordered(true)) {}
};

TEST_F(Broken, NothingIs) {
  EXPECT_EQ(Contradiction(), "");
}

TEST_F(BrokenReload, ProcessIsInOnePlaceOfItsSlot) {
  InState<Replacing>(0, [](Replacing& state) { state.next.generation = state.old.process.generation; });
  EXPECT_EQ(Contradiction(), "a process is in one place of its slot");
}

TEST_F(Broken, GenerationsAreGivenByTheSupervisor) {
  const Supervisor before = supervisor_;
  InState<Serving>(0, [](Serving& state) { state.process.generation = 0; });
  EXPECT_EQ(Contradiction(), "generations are given by the supervisor, from 1");
  supervisor_ = before;
  WithMember<kNewestProcess>(supervisor_, [](Generation& newest) { newest = 1; });
  EXPECT_EQ(Contradiction(), "generations are given by the supervisor, from 1");
}

TEST_F(BrokenReload, SuccessorIsOfALaterGeneration) {
  InState<Replacing>(0, [](Replacing& state) { std::swap(state.next, state.old.process); });
  EXPECT_EQ(Contradiction(), "a successor is of a later generation");
}

TEST_F(BrokenStop, NotMoreAreLeavingThanMay) {
  WithMember<kNewestProcess>(supervisor_, [](Generation& newest) { newest = 100; });
  OfSlot<kLeaving>(0, [](std::vector<Leaving>& leaving) {
    while (leaving.size() <= kLeavingMax) {
      leaving.push_back(leaving.front());
      leaving.back().process.generation = 10 + leaving.size();
    }
  });
  EXPECT_EQ(Contradiction(), "not more are leaving than may");
}

TEST_F(BrokenStop, WhoIsLeavingHasADeadline) {
  const Supervisor before = supervisor_;
  OfSlot<kLeaving>(0, [](std::vector<Leaving>& leaving) { leaving[0].deadline = kNever; });
  EXPECT_EQ(Contradiction(), "a leaving process has a deadline until SIGKILL has failed");
  supervisor_ = before;
  OfSlot<kLeaving>(0, [](std::vector<Leaving>& leaving) { leaving[0].stage = Leaving::Stage::kAlarmed; });
  EXPECT_EQ(Contradiction(), "a leaving process has a deadline until SIGKILL has failed");
}

TEST_F(BrokenStart, WhoAsksToBeReplacedServes) {
  OfSlot<kDueAsk>(0, [](std::optional<WorkerAsked>& ask) { ask = WorkerAsked{}; });
  EXPECT_EQ(Contradiction(), "a worker that asks to be replaced serves");
}

TEST_F(Broken, WhatIsHeldBackHasItsTime) {
  OfSlot<kAskAt>(0, [](Instant& at) { at = Instant{1}; });
  EXPECT_EQ(Contradiction(), "what was asked and is held back has its time");
}

TEST_F(BrokenStop, WhereNobodyIsToServeNobodyIsCrashing) {
  OfSlot<kCrashing>(0, [](bool& crashing) { crashing = true; });
  EXPECT_EQ(Contradiction(), "where nobody is to serve nobody is crashing");
}

TEST_F(Broken, ServiceHasASlotForEachWorker) {
  OfService<kPlan>([](Plan& plan) { plan.policy.num = 3; });
  EXPECT_EQ(Contradiction(), "a service has a slot for each worker that is wanted");
}

TEST_F(Broken, WhatIsKeptBySlotIsAsLongAsTheSlots) {
  OfService<kAwaited>([](std::vector<Awaited>& awaited) { awaited.pop_back(); });
  EXPECT_EQ(Contradiction(), "what is kept by slot is as long as the slots");
}

TEST_F(Broken, SlotIsInItsPlace) {
  OfSlot<kIndex>(0, [](uint32_t& index) { index = 1; });
  EXPECT_EQ(Contradiction(), "a slot is in its place");
}

// Each count, with a state that it has not been told of.
TEST_F(Broken, CountsAreWhatARecountGives) {
  const Supervisor before = supervisor_;
  const std::vector<SlotState> states = {GivenUp{}, Waiting{Instant{}, Cause::Kind::kNone, Instant{}},
                                         Starting{}, Replacing{}, Done{}};
  for (const SlotState& changed : states) {
    supervisor_ = before;
    OfSlot<kState>(0, [&](SlotState& state) {
      Process process = std::get<Serving>(state).process;
      state = changed;
      if (auto* starting = std::get_if<Starting>(&state)) starting->process = process;
      if (auto* replacing = std::get_if<Replacing>(&state)) {
        replacing->old.process = process;
        replacing->old.process.generation = 1;
        replacing->next.generation = 2;
      }
    });
    EXPECT_EQ(Contradiction(), "counts are what a recount gives") << changed.index();
  }
  supervisor_ = before;
  OfSlot<kCrashing>(0, [](bool& crashing) { crashing = true; });
  EXPECT_EQ(Contradiction(), "counts are what a recount gives");
}

TEST_F(Broken, AlarmIsSetNoLaterThanItsDeadline) {
  InState<Serving>(0, [](Serving& state) { state.deadline = Instant{}; });
  EXPECT_EQ(Contradiction(), "an alarm is set no later than its deadline");
}

TEST_F(Broken, BehindTheSlotsThatAreWantedAllAreVacant) {
  OfService<kPlan>([](Plan& plan) { plan.policy.num = 1; });
  EXPECT_EQ(Contradiction(), "behind the slots that are wanted all are vacant");
}

TEST_F(Broken, InAServiceThatIsNotToRunAllSlotsAreVacant) {
  OfService<kUp>([](bool& up) { up = false; });
  EXPECT_EQ(Contradiction(), "in a service that is not to run all slots are vacant");
}

TEST_F(BrokenOrder, InAServiceThatWaitsAllSlotsAreVacant) {
  OfSlot<kState>(0, [](SlotState& state) { state = Waiting{kNever, Cause::Kind::kNone, kNever}; });
  EXPECT_EQ(Contradiction(), "in a service that waits for others all slots are vacant");
}

TEST_F(BrokenOrder, WhoWaitsHasToldForWhom) {
  const Supervisor before = supervisor_;
  InOperation<WaitOperation>([](WaitOperation& wait) { wait.words.clear(); });
  EXPECT_EQ(Contradiction(), "who waits for other services has told which they are");
  supervisor_ = before;
  InOperation<WaitOperation>([](WaitOperation& wait) { wait.calls = true; });
  EXPECT_EQ(Contradiction(), "who waits for other services has told which they are");
}

TEST_F(BrokenOrder, NobodyWaitsForAStartThatIsBlocked) {
  InOperation<WaitOperation>([](WaitOperation& wait) {
    wait.blocked = true;
    wait.waiters = {1};
  });
  EXPECT_EQ(Contradiction(), "nobody waits for a start that is blocked");
}

TEST_F(BrokenRoll, NothingIsReplacedBeforeTheOneshotIsOver) {
  const Supervisor before = supervisor_;
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.begun = 1; });
  EXPECT_EQ(Contradiction(), "nothing is replaced before the oneshot is over");
  supervisor_ = before;
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.before_roll.reset(); });
  EXPECT_EQ(Contradiction(),
            "a reload or restart goes on while somebody is awaited, or it waits for something else");
}

TEST_F(Broken, ServiceThatIsToRunKnowsSinceWhen) {
  OfService<kUpSince>([](Instant& since) { since = kNever; });
  EXPECT_EQ(Contradiction(), "a service that is to run knows since when");
}

TEST_F(BrokenStop, ServiceThatIsNotToRunIsNotPaused) {
  OfService<kPaused>([](bool& paused) { paused = true; });
  EXPECT_EQ(Contradiction(), "a service that is not to run is not paused");
}

TEST_F(Broken, WhatIsRemovedIsNotToRun) {
  OfService<kRemoving>([](bool& removing) { removing = true; });
  EXPECT_EQ(Contradiction(), "what is removed is not to run");
}

TEST_F(Broken, ReloadWaitsForWhatIsUnderWay) {
  OfService<kQueued>([](std::optional<QueuedReplace>& queued) { queued = QueuedReplace{}; });
  EXPECT_EQ(Contradiction(), "a reload or restart waits for what is under way");
}

TEST_F(Broken, ServiceThatStopsIsNotToRun) {
  OfService<kOperation>([](Operation& operation) { operation = StopOperation{}; });
  EXPECT_EQ(Contradiction(), "a service that stops is not to run");
}

TEST_F(BrokenStop, StartIsOfAServiceThatIsToRun) {
  OfService<kOperation>([](Operation& operation) { operation = StartOperation{}; });
  EXPECT_EQ(Contradiction(), "a start, reload or restart is of a service that is to run");
  OfService<kOperation>([](Operation& operation) { operation = ReplaceOperation{}; });
  EXPECT_EQ(Contradiction(), "a start, reload or restart is of a service that is to run");
}

TEST_F(BrokenStart, AsManyAreAwaitedAsAreMarkedSo) {
  const Supervisor before = supervisor_;
  InOperation<StartOperation>([](StartOperation& start) { ++start.awaited; });
  EXPECT_EQ(Contradiction(), "as many are awaited as are marked so");
  supervisor_ = before;
  InOperation<StartOperation>([](StartOperation& start) { ++start.without_room; });
  EXPECT_EQ(Contradiction(), "as many are awaited as are marked so");
}

TEST_F(BrokenReload, AsManyAreAwaitedAsAreMarkedSo) {
  OfService<kAwaited>([](std::vector<Awaited>& awaited) { awaited[0].awaited = false; });
  EXPECT_EQ(Contradiction(), "as many are awaited as are marked so");
}

TEST_F(BrokenStart, WhoFoundNoRoomIsAwaited) {
  InOperation<StartOperation>([](StartOperation& start) { start.awaited = 1, start.without_room = 2; });
  OfService<kAwaited>([](std::vector<Awaited>& awaited) { awaited = {{false, true}, {true, true}}; });
  EXPECT_EQ(Contradiction(), "a start that found no room is awaited");
}

TEST_F(BrokenStart, StartGoesOnWhileSomebodyIsAwaited) {
  InOperation<StartOperation>([](StartOperation& start) { start.awaited = 0; });
  OfService<kAwaited>([](std::vector<Awaited>& awaited) { awaited = {{}, {}}; });
  EXPECT_EQ(Contradiction(), "a start goes on while somebody is awaited");
}

TEST_F(BrokenStart, SlotThatWasGivenUpExists) {
  InOperation<StartOperation>([](StartOperation& start) { start.failed = 2; });
  EXPECT_EQ(Contradiction(), "the slot that was given up exists");
}

TEST_F(BrokenReload, ReloadGoesOnWhileSomebodyIsAwaited) {
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.awaited = 0; });
  OfService<kAwaited>([](std::vector<Awaited>& awaited) { awaited = {{}, {}}; });
  EXPECT_EQ(Contradiction(),
            "a reload or restart goes on while somebody is awaited, or it waits for something else");
}

TEST_F(BrokenReload, WhatIsCommittedHasBegun) {
  const Supervisor before = supervisor_;
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.committed = replace.begun + 1; });
  EXPECT_EQ(Contradiction(), "what is committed has begun, and what has begun was asked for");
  supervisor_ = before;
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.begun = 3; });
  EXPECT_EQ(Contradiction(), "what is committed has begun, and what has begun was asked for");
}

TEST_F(BrokenReload, SlotsAreReplacedInTheirOrder) {
  for (const std::vector<uint32_t>& slots : std::vector<std::vector<uint32_t>>{{1, 0}, {0, 0}, {0, 2}}) {
    InOperation<ReplaceOperation>([&](ReplaceOperation& replace) { replace.slots = slots; });
    EXPECT_EQ(Contradiction(), "slots are replaced in their order, each once");
  }
}

TEST_F(Broken, ServicesAreInTheOrderOfTheirNumbers) {
  WithMember<kServices>(supervisor_,
                        [](std::vector<Service>& services) { services.push_back(services.front()); });
  EXPECT_EQ(Contradiction(), "services are in the order of their numbers");
}

TEST_F(Broken, NumbersOfServicesAreGivenOnce) {
  WithMember<kNextService>(supervisor_, [](ServiceId& next) { next = 0; });
  EXPECT_EQ(Contradiction(), "the next service has a number of its own");
}

TEST_F(Broken, OnlyAShutdownFinishes) {
  WithMember<kFinished>(supervisor_, [](bool& finished) { finished = true; });
  EXPECT_EQ(Contradiction(), "only a shutdown finishes");
}

// What is looked at where it happens.

using BrokenDeathTest = Broken;
using BrokenStartDeathTest = BrokenStart;
using BrokenReloadDeathTest = BrokenReload;

constexpr Moment kNow{Instant{2'000'000'000}, 0};

void Take(Supervisor supervisor, const Event& event) {
  Effects effects;
  supervisor.Step(event, kNow, effects);
}

TEST_F(BrokenDeathTest, StateThatContradictsItselfEndsTheStepWhereChecksAreInFull) {
  OfService<kRemoving>([](bool& removing) { removing = true; });
  EXPECT_TRUE(sim_checks);  // set by the script
  EXPECT_DEATH(Take(supervisor_, TimePassed{}),
               "supervisor.cc:[0-9]+: broken: what is removed is not to run");
  sim_checks = false;
  Take(supervisor_, TimePassed{});
  sim_checks = true;
}

TEST_F(BrokenDeathTest, SlotIsLaunchedWhereItHasNobody) {
  Slot slot(0);
  const ServicePolicy policy = Web(1);
  Generation newest = 0;
  EventNumber newest_event = 0;
  Random random(1);
  Effects effects;
  StepContext step{kNow, 0, policy, 1, false, newest, newest_event, random, effects};
  slot.Launch(step, {}, 1);
  EXPECT_DEATH(slot.Launch(step, {}, 1),
               "slot_commands.cc:[0-9]+: broken: a slot is launched where it has nobody");
}

TEST_F(BrokenReloadDeathTest, WhoIsReadyWasCountedAsAwaited) {
  sim_checks = false;
  InOperation<ReplaceOperation>([](ReplaceOperation& replace) { replace.awaited = 0; });
  EXPECT_DEATH(Take(supervisor_, WorkerLoaded{{0, 0, 3}}),
               "broken: a worker that is ready was counted as awaited");
  sim_checks = true;
}

TEST_F(BrokenDeathTest, OneOperationAtATime) {
  sim_checks = false;
  OfService<kOperation>([](Operation& operation) { operation = StopOperation{}; });
  EXPECT_DEATH(Take(supervisor_, Commanded{1, 0, Verb::kReload}), "broken: one operation at a time");
  sim_checks = true;
}

TEST_F(BrokenDeathTest, SlotThatIsChangedExists) {
  Service service = supervisor_.services()[0];
  Generation newest = 2;
  EventNumber newest_event = 0;
  Random random(1);
  Effects effects;
  StepContext step = service.ContextFor(kNow, newest, newest_event, random, effects);
  const auto nothing = [](Slot& /*slot*/) { return SlotOutcome::kNothing; };
  service.OnSlot(step, 1, nothing);
  EXPECT_DEATH(service.OnSlot(step, 2, nothing), "broken: a slot that is changed exists");
}

TEST_F(BrokenStartDeathTest, WhoIsReadyWasCountedAsAwaited) {
  sim_checks = false;
  InOperation<StartOperation>([](StartOperation& start) { start.awaited = 0; });
  EXPECT_DEATH(Take(supervisor_, WorkerLoaded{{0, 0, 1}}),
               "broken: a worker that is ready was counted as awaited");
  sim_checks = true;
}

}  // namespace
}  // namespace fectl::core
