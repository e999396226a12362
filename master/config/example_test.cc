#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/keys.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

// testdata/configs/example.toml: what it says of keys and defaults is true.

namespace fectl::config {
namespace {

constexpr std::string_view kNotSet = "Not set";

struct Line {
  std::string text;
  std::string section;  // "[master]"
  std::string key;      // empty: none
  bool commented = false;
  bool without_default = false;  // the comment above says "Not set"
};

std::vector<Line> ReadExample() {
  std::ifstream file("testdata/configs/example.toml");
  EXPECT_TRUE(file.is_open());
  std::vector<Line> lines;
  std::string section;
  std::string comment;
  for (std::string text; std::getline(file, text);) {
    Line line;
    if (text.starts_with("[")) section = text;
    const bool remark = text.starts_with("# ") || text == "#";
    const size_t equals = remark ? std::string::npos : text.find(" = ");
    if (remark) comment += text;
    if (equals != std::string::npos) {
      line.commented = text.starts_with("#");
      line.key = text.substr(line.commented ? 1 : 0, equals - (line.commented ? 1 : 0));
      line.without_default = comment.find(kNotSet) != std::string::npos;
    }
    if (!remark) comment.clear();
    line.section = section;
    line.text = std::move(text);
    lines.push_back(std::move(line));
  }
  return lines;
}

// With the comment signs of those lines removed for which `active` is true.
template <typename Active>
LoadResult ParseWith(const std::vector<Line>& lines, Active active) {
  std::string text;
  for (const Line& line : lines)
    text += (line.commented && active(line) ? line.text.substr(1) : line.text) + "\n";
  return Parse(text, "example.toml");
}

TEST(Example, ParsesWithoutAnyProblem) {
  EXPECT_EQ(ParseWith(ReadExample(), [](const Line&) { return false; }).Describe(), "");
}

TEST(Example, ParsesWithEveryKeyActive) {
  EXPECT_EQ(ParseWith(ReadExample(), [](const Line&) { return true; }).Describe(), "");
}

TEST(Example, HasEveryKeyOfTheTable) {
  std::map<std::string, std::set<std::string>> found;
  for (const Line& line : ReadExample()) {
    if (!line.key.empty()) found[line.section].insert(line.key);
  }
  std::map<std::string, std::set<std::string>> wanted;
  wanted[""] = {std::string(kIncludeKey)};
  for (const SectionKeys& section : kSections) {
    if (section.name == "defaults") continue;  // has those of [[service]]
    std::set<std::string>& keys = wanted[std::string(section.written)];
    for (std::string_view key : section.keys) keys.emplace(key);
  }
  EXPECT_EQ(found, wanted);
}

TEST(Example, EveryKeyHasAComment) {
  const std::vector<Line> lines = ReadExample();
  std::set<std::string> explained;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (!lines[i].key.empty() && lines[i - 1].text.starts_with("# "))
      explained.insert(lines[i].section + lines[i].key);
  }
  for (const Line& line : lines) {
    if (line.key.empty()) continue;
    EXPECT_THAT(explained, testing::Contains(line.section + line.key));
  }
}

// A commented key shows its default, so it changes nothing; one that has none does.
TEST(Example, SaysTheDefaultsTruly) {
  const std::vector<Line> lines = ReadExample();
  const LoadResult before = ParseWith(lines, [](const Line&) { return false; });
  for (const Line& line : lines) {
    if (!line.commented) continue;
    const LoadResult after = ParseWith(lines, [&](const Line& other) { return &other == &line; });
    EXPECT_EQ(after.Describe(), "") << line.text;
    EXPECT_EQ(after.config == before.config, !line.without_default) << line.section << " " << line.text;
  }
}

}  // namespace
}  // namespace fectl::config
