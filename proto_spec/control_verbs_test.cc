#include "proto_spec/control_verbs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace fectl::proto {
namespace {

TEST(ControlVerbs, EachHasOneRowAndAWordOfItsOwn) {
  std::set<Verb> verbs;
  std::set<std::string_view> words;
  for (const VerbRow& row : kVerbs) {
    EXPECT_TRUE(verbs.insert(row.verb).second) << row.word;
    EXPECT_TRUE(words.insert(row.word).second) << row.word;
    EXPECT_EQ(RowOf(row.verb).word, row.word);
    EXPECT_EQ(FindVerb(row.word), &row);
    EXPECT_EQ(row.command.empty(), row.summary.empty()) << row.word;
  }
  EXPECT_EQ(verbs.size(), static_cast<size_t>(Verb::kSteer) + 1) << "a verb without a row";
  EXPECT_EQ(FindVerb("ping"), nullptr);
}

TEST(ControlVerbs, OnlyLookingIsForThoseWhoObserve) {
  for (const VerbRow& row : kVerbs) {
    const bool changes = row.answer == "Done" || row.answer == "ServiceStarted" || row.answer == "Sent" ||
                         row.answer == "ServiceStopped" || row.answer == "Plan" || row.answer == "Applied";
    const bool own = row.verb == Verb::kUnsubscribe;  // what the client itself began
    EXPECT_EQ(row.access == Access::kOperate, changes && !own) << row.word;
  }
}

// The tables of the prose: each request has its line there.
TEST(ControlVerbs, TheProseKnowsEachOfThem) {
  std::ifstream file("proto_spec/control_protocol.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string prose = text.str();
  const std::string requests =
      prose.substr(prose.find("## Requests"), prose.find("* **C1**") - prose.find("## Requests"));
  ASSERT_FALSE(requests.empty());
  for (const VerbRow& row : kVerbs) {
    EXPECT_NE(requests.find("`" + std::string(row.word) + "`"), std::string::npos) << row.word;
    EXPECT_NE(prose.find("`" + std::string(row.answer) + "`"), std::string::npos) << row.answer;
  }
  // S12: "`observe` is for `Ping`, ... and `Unsubscribe`;"
  const size_t list = prose.find("`observe` is for");
  const std::string observe = prose.substr(list, prose.find(';', list) - list);
  for (const VerbRow& row : kVerbs) {
    EXPECT_EQ(observe.find("`" + std::string(row.word) + "`") != std::string::npos,
              row.access == Access::kObserve)
        << row.word;
  }
}

}  // namespace
}  // namespace fectl::proto
