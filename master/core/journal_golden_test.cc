// The journal as this version writes it, kept as bytes: a change of a description that was not meant to
// change it, or that forgets that others have written before, shows here. After a wanted change
// GOLDEN_WRITE=1 writes testdata/journal/golden.txt anew; where bytes of before are not read any more, the
// version in journal.cc counts up, too.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "master/core/journal.h"
#include "master/core/supervisor.h"
#include "master/core/testing/member.h"
#include "master/core/testing/script.h"

namespace fectl::core {
namespace {

constexpr char kPath[] = "testdata/journal/golden.txt";

ServicePolicy Named(const std::string& name, uint32_t num) {
  ServicePolicy policy = Web(num);
  policy.name = name;
  return policy;
}

// One oneshot is done, another one runs before a roll for the second time.
void Roll(Script& script) {
  script.Load(12);
  script.Command(Verb::kReload, 7);  // pid 13
  script.Exit(13, 0);                // pid 14
  script.Load(14);
  script.Exit(12, 0);
  script.Command(Verb::kStart, 6);  // pid 15
  script.Exit(15, 0);
  script.Command(Verb::kReload, 7);  // pid 16
}

// A slot in each state, each operation, and of everything else something that is not the default.
Script Everything() {
  ServicePolicy rolling = Named("rolling", 3);
  rolling.rollout.max_surge = 1;
  ServicePolicy waiting = Named("waiting", 1);
  waiting.require = {"starting"};
  waiting.after = {"rolling"};
  ServicePolicy done = Named("done", 1);
  done.oneshot = true;
  done.autostart = false;
  ServicePolicy migrate = done;
  migrate.name = "migrate";
  ServicePolicy rolled = Named("rolled", 1);
  rolled.before_roll = "migrate";
  Script script({Named("starting", 2), rolling, Named("stopping", 3), Named("failed", 2), Named("paused", 1),
                 waiting, done, rolled, migrate});
  script.Boot();  // pids 1 2, 3 4 5, 6 7 8, 9 10, 11, 12
  Roll(script);
  for (const int32_t pid : {3, 4, 5, 6, 7, 8, 9, 10, 11}) script.Load(pid);
  script.BeginMessage(3);
  script.Ask(9);  // pid 17
  script.Load(17);
  script.Ask(17, Urgency::kRestart);  // held back
  script.ConfigError(10, "no such file");
  script.Step(Exited{.who = script.Who(10), .number = 99, .group_left = true, .words = "reads its settings"});
  script.Command(Verb::kPause, 4);
  script.Command(Verb::kReload, 1);   // pid 18 for 3
  script.Command(Verb::kRestart, 1);  // waits
  script.Command(Verb::kStart, 1);    // waits, too
  script.CloseChannel(4);
  script.Exit(1, 3);  // pid 19
  script.Exit(19, 3);
  script.Command(Verb::kStop, 2);
  script.Die(6, 15);
  script.Step(PlanChanged{3, {77, Named("failed", 2)}});
  script.Pass(Seconds(3));
  script.Beat(4);
  script.BreakSpawning("no room", StartFailure::kTransient);
  script.Exit(5, 1);
  script.MendSpawning();
  script.Step(WorkerLeased{script.Who(11), Seconds(20), 3, "model load"});
  ServicePolicy baking = Named("baking", 1);
  baking.rollout.bake = Seconds(600);
  baking.rollout.canary = Share::Percent(10);
  baking.recycle.max_age = Seconds(7200);
  script.Step(ServiceAdded{{88, baking}});
  script.Command(Verb::kStart, 9);
  script.Load(script.Spawns());
  script.Command(Verb::kReload, 9);
  script.Load(script.Spawns());
  return script;
}

Script ThatEnds() {
  Script script = Everything();
  script.Pass(Seconds(31));  // longer than those that were told to stop have
  script.Step(ServiceRemoved{4});
  script.Step(ShutdownAsked{.graceful = true, .request = 9});
  script.Step(ShutdownAsked{.graceful = false});
  return script;
}

std::string InHex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<unsigned char>(byte) / 16];
    hex += kDigits[static_cast<unsigned char>(byte) % 16];
  }
  return hex;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Lines of 100 digits, an empty line behind each journal.
std::vector<std::string> Golden() {
  std::ifstream file(kPath);
  EXPECT_TRUE(file.is_open()) << kPath;
  std::vector<std::string> journals(1);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (!line.empty()) {
      journals.back() += line;
    } else if (!journals.back().empty()) {
      journals.emplace_back();
    }
  }
  if (journals.back().empty()) journals.pop_back();
  return journals;
}

void Write(const std::vector<Script>& scripts) {
  std::ofstream file(kPath);
  file << "# Journals as hexadecimal digits: of master/core/journal_golden_test.cc, which writes them.\n";
  for (const Script& script : scripts) {
    file << "\n";
    const std::string hex = InHex(WriteJournal(script.supervisor()));
    for (size_t i = 0; i < hex.size(); i += 100) file << hex.substr(i, 100) << "\n";
  }
}

TEST(JournalGolden, IsReadAndWrittenAsItWas) {
  const std::vector<Script> scripts = {Everything(), ThatEnds()};
  if (std::getenv("GOLDEN_WRITE") != nullptr) Write(scripts);
  const std::vector<std::string> golden = Golden();
  ASSERT_EQ(golden.size(), scripts.size());
  for (size_t i = 0; i < scripts.size(); ++i) {
    const std::optional<Supervisor> read = ReadJournal(FromHex(golden[i]));
    ASSERT_TRUE(read.has_value()) << i;
    EXPECT_TRUE(*read == scripts[i].supervisor()) << i;
    EXPECT_EQ(InHex(WriteJournal(*read)), golden[i]) << i;
  }
}

// The golden bytes say little of what they have never seen.
TEST(JournalGolden, HasSomethingOfEverything) {
  std::vector<bool> states(std::variant_size_v<SlotState>);
  std::vector<bool> operations(std::variant_size_v<Operation>);
  std::vector<bool> stages(static_cast<size_t>(Leaving::Stage::kLast) + 1);
  bool leased = false;
  constexpr uint8_t kOperation = 10;  // in Service::Fields
  for (const Script& script : {Everything(), ThatEnds()}) {
    for (Service service : script.supervisor().services()) {
      WithMember<kOperation>(service, [&](Operation& operation) { operations[operation.index()] = true; });
      for (const Slot& slot : service.slots()) {
        leased = leased || slot.lease(Instant{}) != nullptr;
        states[slot.state().index()] = true;
        for (const Leaving& leaving : slot.leaving()) stages[static_cast<size_t>(leaving.stage)] = true;
      }
    }
  }
  EXPECT_TRUE(leased);
  for (const std::vector<bool>& seen : {states, operations, stages}) {
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << i << " of " << seen.size();
  }
}

}  // namespace
}  // namespace fectl::core
