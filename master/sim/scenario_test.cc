// The scenarios of testdata/scenarios: what a supervisor is told, and behind each event, in lines that begin
// with '>', all that it decides. SCENARIOS_WRITE=1 writes the files anew; commit that only when the
// difference is understood.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "master/sim/replay.h"
#include "master/sim/trace.h"

namespace fectl::sim {
namespace {

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("testdata/scenarios")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  return files;
}

std::string Read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The comments at the top and the head, which the transcript does not repeat.
std::string Head(const std::string& text) {
  std::istringstream lines(text);
  std::string head;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#') && !line.starts_with("service") && !line.starts_with("seed")) break;
    head += line + "\n";
  }
  return head;
}

class Scenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scenario, DecidesWhatIsWritten) {
  const std::string text = Read(GetParam());
  const ParsedTrace parsed = ParseTrace(text);
  ASSERT_FALSE(parsed.error.has_value()) << GetParam() << ": " << *parsed.error;
  std::string transcript;
  EXPECT_EQ(Replay(parsed.trace, &transcript), std::nullopt);
  const std::string whole = Head(text) + transcript;
  if (std::getenv("SCENARIOS_WRITE") != nullptr) std::ofstream(GetParam()) << whole;
  EXPECT_EQ(whole, text);
}

INSTANTIATE_TEST_SUITE_P(Files, Scenario, testing::ValuesIn(Files()), [](const auto& file) {
  std::string name = file.param.stem().string();
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST(ParseTrace, MistakesAreNamedWithTheirLine) {
  EXPECT_EQ(ParseTrace("service web num=x\n").error, "line 1: what is num=x?");
  EXPECT_EQ(ParseTrace("service \"web num=3\"\n").error,
            "line 1: a service has a name of letters, digits, '.', '_' and '-'");
  EXPECT_EQ(ParseTrace("service web\n0.1 loaded nobody/1#1\n").error,
            "line 2: a process is named like web/1#1");
  EXPECT_EQ(ParseTrace("service web\n1 beat web/1#1\n0.5 beat web/1#1\n").error,
            "line 3: time goes backwards");
  EXPECT_EQ(ParseTrace("service web\n1 dances web/1#1\n").error, "line 2: what is dances?");
  EXPECT_FALSE(ParseTrace("").error.has_value());
}

TEST(Minimize, KeepsWhatBreaksTheRuleAndLittleElse) {
  // A checker that is told of a process twice: the second spawn result has no spawn before it, which no rule
  // forbids, so nothing is broken and nothing is left out.
  const ParsedTrace parsed = ParseTrace("service web num=1\n0.5 loaded web/1#1\n1.0 beat web/1#1\n");
  ASSERT_FALSE(parsed.error.has_value());
  EXPECT_EQ(Minimize(parsed.trace).entries.size(), 2U);
}

}  // namespace
}  // namespace fectl::sim
