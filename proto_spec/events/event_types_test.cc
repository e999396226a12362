#include "proto_spec/events/event_types.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace fectl::proto {
namespace {

TEST(EventTypes, EachHasOneRowAndANameOfItsOwn) {
  std::set<std::string_view> names;
  int place = 0;
  for (const EventTypeRow& row : kEventTypes) {
    EXPECT_EQ(static_cast<int>(row.type), place++) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(FindEventType(row.name), &row);
    EXPECT_EQ(RowOf(row.type).name, row.name);
    EXPECT_FALSE(row.meaning.empty()) << row.name;
  }
  EXPECT_EQ(place, static_cast<int>(EventType::kLast) + 1) << "a type without a row";
}

TEST(EventTypes, WordsNameOneOrAllThatBeginSo) {
  EXPECT_TRUE(NamesEventTypes("worker.exited"));
  EXPECT_TRUE(NamesEventTypes("worker.*"));
  for (const char* word :
       {"", "worker", "worker.", "worker.x", "*", ".*", "nobody.*", "worker.exited.*", "work*"})
    EXPECT_FALSE(NamesEventTypes(word)) << word;
}

TEST(EventTypes, TheProseKnowsEachOfThem) {
  std::ifstream file("proto_spec/events/event_types.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const EventTypeRow& row : kEventTypes) {
    std::string line = "| `" + std::string(row.name) + "` | " + std::string(row.meaning) + " | ";
    std::istringstream members{std::string(row.data)};
    std::string listed;
    for (std::string member; members >> member;) listed += (listed.empty() ? "`" : ", `") + member + "`";
    line += listed.empty() ? "|" : listed + " |";
    EXPECT_NE(text.str().find(line), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace fectl::proto
