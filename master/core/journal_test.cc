#include "master/core/journal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/core/testing/member.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

void ExpectRestores(const Script& script) {
  const std::string bytes = WriteJournal(script.supervisor());
  const std::optional<Supervisor> restored = ReadJournal(bytes);
  ASSERT_TRUE(restored.has_value());
  EXPECT_TRUE(*restored == script.supervisor());
  EXPECT_EQ(restored->next_deadline(), script.Deadline());  // its alarms are exact at first
  EXPECT_EQ(WriteJournal(*restored), bytes);
}

// A life with something of everything in it.
TEST(Journal, RestoresEachState) {
  ServicePolicy api = Web(2);
  api.name = "api";
  api.rollout.max_surge = 1;
  Script script({Web(3), api});
  script.Boot();
  ExpectRestores(script);
  for (int pid = 1; pid <= 5; ++pid) script.Load(pid);
  script.BeginMessage(3);
  ExpectRestores(script);
  script.Command(Verb::kReload);
  script.Load(6);
  ExpectRestores(script);
  script.Ask(4);
  script.Command(Verb::kReload, 1);
  ExpectRestores(script);
  script.Die(2, 9);
  script.Exit(7, 1);
  ExpectRestores(script);
  script.ConfigError(1, "bad");
  script.Command(Verb::kPause);
  ExpectRestores(script);
  script.Shutdown(true);
  ExpectRestores(script);
}

TEST(Journal, RestoresARequestThatWaits) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.Ask(1);  // the start comes first
  ExpectRestores(script);
}

TEST(Journal, RestoredSupervisorDecidesTheSame) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  script.Exit(1, 1);
  std::optional<Supervisor> restored = ReadJournal(WriteJournal(script.supervisor()));
  ASSERT_TRUE(restored.has_value());
  Supervisor original = script.supervisor();
  Effects from_original;
  Effects from_restored;
  Moment at{script.now(), 0};
  for (int i = 0; i < 100; ++i) {
    at.now = at.now + Seconds(1);
    original.Step(TimePassed{}, at, from_original);
    restored->Step(TimePassed{}, at, from_restored);
  }
  EXPECT_FALSE(from_original.empty());
  EXPECT_EQ(from_original, from_restored);
  EXPECT_TRUE(original == *restored);
}

TEST(Journal, TornOrDamagedBytesAreRefused) {
  Script script({Web(2)});
  script.Boot();
  script.Load(1);
  const std::string bytes = WriteJournal(script.supervisor());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadJournal(std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(ReadJournal(damaged).has_value()) << i;
  }
  EXPECT_FALSE(ReadJournal(bytes + "x").has_value());
}

// Bytes that are whole by their checksum and not by what they say.
TEST(Journal, TooShortAndTooLongIsRefused) {
  Script script({Web(2)});
  script.Boot();
  const std::string_view empty_head = "0123456789abcdef";
  const std::string state = WriteJournal(script.supervisor()).substr(empty_head.size());
  ASSERT_TRUE(ReadJournal(SealJournal(state)).has_value());
  for (size_t size = 0; size < state.size(); ++size)
    EXPECT_FALSE(ReadJournal(SealJournal(state.substr(0, size))).has_value()) << size;
  EXPECT_FALSE(ReadJournal(SealJournal(state + "x")).has_value());
}

// FNV-1a, by its published values: another program's journal is refused by its number, not by chance.
TEST(Journal, ChecksumIsTheKnownOne) {
  const auto checksum = [](std::string_view state) {
    uint64_t sum = 0;
    std::memcpy(&sum, SealJournal(state).data() + sizeof(uint64_t), sizeof(sum));
    return sum;
  };
  EXPECT_EQ(checksum(""), 0xcbf2'9ce4'8422'2325);
  EXPECT_EQ(checksum("a"), 0xaf63'dc4c'8601'ec8c);
}

// What a service is made of.
struct Members {
  ServiceId& id;
  Plan& plan;
  std::vector<Slot>& slots;
  std::vector<Awaited>& awaited;
  Operation& operation;
};

// Whether the journal of the script's supervisor is read after `edit` has changed its first service.
bool ReadsAfter(const Script& script, const std::function<void(Members)>& edit) {
  Supervisor supervisor = script.supervisor();
  // The numbers of Supervisor::Fields and Service::Fields.
  WithMember<1>(supervisor, [&](std::vector<Service>& services) {
    const auto open = [&](auto id, auto plan, auto /*older_plans*/, auto /*removing*/, auto /*up*/,
                          auto /*up_since*/, auto /*paused*/, auto slots, auto awaited, auto operation,
                          auto /*queued*/, auto /*held_starts*/, auto /*runs*/, auto /*told*/, auto /*log*/) {
      edit(Members{id.value, plan.value, slots.value, awaited.value, operation.value});
    };
    Service::Fields(open, services[0]);
  });
  return ReadJournal(WriteJournal(supervisor)).has_value();
}

Script Two() {
  Script script({Web(2)});
  script.Boot();
  return script;
}

Script TwoThatReload() {
  Script script = AllServing(2, 1);
  script.Command(Verb::kReload);
  return script;
}

TEST(Journal, ContradictionInTheSlotsIsRefused) {
  const Script script = Two();
  EXPECT_TRUE(ReadsAfter(script, [](auto /*members*/) {}));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.id = 1; }));  // the number of the next one
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.plan.policy.num = 3; }));
  EXPECT_TRUE(ReadsAfter(script, [](auto m) { m.plan.policy.num = 1; }));  // the other one is still leaving
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.slots.emplace_back(2); }));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.awaited.pop_back(); }));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.slots[0] = Slot(1); }));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { m.slots[1] = Slot(0); }));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) {
    m.plan.policy.num = 0;
    m.slots.clear();
    m.awaited.clear();
    m.operation = {};
  }));
}

TEST(Journal, ContradictionInAStartIsRefused) {
  const Script script = Two();
  EXPECT_TRUE(ReadsAfter(script, [](auto m) { std::get<StartOperation>(m.operation).failed = 1; }));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { std::get<StartOperation>(m.operation).failed = 2; }));
}

// `committed` <= `begun` <= the number of slots.
TEST(Journal, ContradictionInAReloadIsRefused) {
  const Script script = TwoThatReload();
  const auto reads_with = [&script](size_t committed, size_t begun) {
    return ReadsAfter(script, [&](auto m) {
      std::get<ReplaceOperation>(m.operation).committed = committed;
      std::get<ReplaceOperation>(m.operation).begun = begun;
    });
  };
  EXPECT_TRUE(reads_with(0, 1));
  EXPECT_TRUE(reads_with(2, 2));
  EXPECT_FALSE(reads_with(2, 1));
  EXPECT_FALSE(reads_with(0, 3));
  EXPECT_FALSE(ReadsAfter(script, [](auto m) { std::get<ReplaceOperation>(m.operation).slots[1] = 2; }));
}

}  // namespace
}  // namespace fectl::core
