#include "master/core/journal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

void ExpectRestores(const Script& script) {
  const std::string bytes = WriteJournal(script.supervisor());
  const std::optional<Supervisor> restored = ReadJournal(bytes);
  ASSERT_TRUE(restored.has_value());
  EXPECT_TRUE(*restored == script.supervisor());
  EXPECT_EQ(restored->next_deadline(), script.supervisor().next_deadline());
  EXPECT_EQ(WriteJournal(*restored), bytes);
}

// A life with something of everything in it.
TEST(Journal, RestoresEachState) {
  ServicePolicy api = Web(2);
  api.name = "api";
  api.max_surge = 1;
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

}  // namespace
}  // namespace fectl::core
