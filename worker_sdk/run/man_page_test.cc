// The man page and the code's tables must name the same options and signs.

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto_spec/program_signs.h"
#include "worker_sdk/run/command_line.h"

namespace fectl::run {
namespace {

std::vector<std::string> LinesOf(const std::string& section) {
  std::ifstream file("worker_sdk/run/fectl-run.1");
  EXPECT_TRUE(file.is_open());
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".Sh ")) inside = line == ".Sh " + section;
    if (inside) lines.push_back(line);
  }
  EXPECT_FALSE(lines.empty()) << section;
  return lines;
}

std::string TextOf(const std::string& section) {
  std::string text;
  for (const std::string& line : LinesOf(section)) text += line + "\n";
  return text;
}

std::vector<std::string> ItemsOf(const std::string& section) {
  std::vector<std::string> items;
  for (const std::string& line : LinesOf(section)) {
    if (line.starts_with(".It ")) items.push_back(line.substr(4));
  }
  return items;
}

TEST(ManPage, DescribesTheOptionsOfTheTableAndNoOthers) {
  std::vector<std::string> wanted;
  for (const Option& option : Options()) {
    const std::string value = option.value.empty() ? "" : " Ar " + std::string(option.value);
    wanted.push_back("Fl \\-" + std::string(option.name.substr(2)) + value);
    EXPECT_THAT(TextOf("SYNOPSIS"), testing::HasSubstr("Fl \\-" + std::string(option.name.substr(2))));
  }
  EXPECT_THAT(ItemsOf("DESCRIPTION"), testing::ElementsAreArray(wanted));
}

TEST(ManPage, NamesTheDefaults) {
  const std::string text = TextOf("DESCRIPTION");
  EXPECT_THAT(text, testing::HasSubstr(std::string(".Ql ") + proto::kReadyDefault + " ,"));
  EXPECT_THAT(text, testing::HasSubstr(std::string(".Ql ") + proto::kWatchdogDefault + " ."));
  EXPECT_THAT(text, testing::HasSubstr(std::string(".Li ") + proto::kStopSignalDefault + " ."));
  EXPECT_THAT(
      TextOf("WATCHDOG"),
      testing::HasSubstr("Default: " + std::to_string(proto::kWatchdogMsDefault / 1000) + " seconds."));
}

// Each form as people write it, with words for what is left open.
std::string Filled(std::string form) {
  for (const auto& [word, value] : {std::pair("TEXT", "up"),
                                    {"SOCKET", "http"},
                                    {"/PATH", "/h"},
                                    {"COMMAND", "true"},
                                    {"SECONDS", "3"}}) {
    if (const size_t at = form.find(word); at != std::string::npos)
      form.replace(at, std::string(word).size(), value);
  }
  return form;
}

TEST(ManPage, ItsSignsCanBeRead) {
  for (const std::string& item : ItemsOf("READY")) {
    ASSERT_TRUE(item.starts_with("Ql ")) << item;
    EXPECT_TRUE(proto::ParseReady(Filled(item.substr(3))).ok()) << item;
  }
  EXPECT_EQ(ItemsOf("READY").size(), 6U);
  for (const std::string& item : ItemsOf("WATCHDOG")) {
    ASSERT_TRUE(item.starts_with("Ql ")) << item;
    std::string rest = item.substr(3);
    while (!rest.empty()) {
      const size_t end = rest.find(" , ");
      EXPECT_TRUE(proto::ParseWatchdog(Filled(rest.substr(0, end))).ok()) << item;
      rest.erase(0, end == std::string::npos ? rest.size() : end + 3);
    }
  }
}

}  // namespace
}  // namespace fectl::run
