#include "master/apply/key_classes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "master/config/keys.h"

namespace fectl::apply {
namespace {

TEST(KeyClasses, EveryKeyHasOne) {
  for (const config::SectionKeys& section : config::kSections) {
    if (section.name == "defaults") continue;  // each is a key of [[service]], and what it does is done there
    for (const std::string_view key : section.keys)
      EXPECT_TRUE(IsClassified(section.name, key)) << section.name << "." << key;
  }
}

TEST(KeyClasses, WhatDecidesOnProcessesRolls) {
  EXPECT_EQ(ClassOf("service", "command"), KeyClass::kRoll);
  EXPECT_EQ(ClassOf("service", "num"), KeyClass::kScale);
  EXPECT_EQ(ClassOf("service", "restarts"), KeyClass::kLive);
  EXPECT_EQ(ClassOf("socket", "port"), KeyClass::kRebind);
  EXPECT_EQ(ClassOf("socket", "backlog"), KeyClass::kLive);
  EXPECT_EQ(ClassOf("master", "uid"), KeyClass::kRestart);
}

// "service.num" and the like, by the class under which the page has them.
std::map<std::string, std::vector<std::string>> TableOfThePage() {
  std::ifstream page("master/fectld.toml.5");
  EXPECT_TRUE(page.is_open());
  std::map<std::string, std::vector<std::string>> table;
  bool inside = false;
  std::string section;
  std::string key_class;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(".Sh ") || line.starts_with(".Ss ")) inside = line == ".Sh CHANGES WHILE IT RUNS";
    if (!inside || !line.starts_with(".It ")) continue;
    // .It Ic [[service]] Ta Li live Ta Ic name , renamed_from
    const size_t second = line.find(" Ta Li ");
    const size_t third = line.find(" Ta Ic ");
    if (second == std::string::npos || third == std::string::npos) continue;
    if (second > 8) section = line.substr(7, second - 7);
    key_class = line.substr(second + 7, third - second - 7);
    std::string word;
    for (const char c : line.substr(third + 7) + " ") {
      if (c != ' ' && c != ',') {
        word += c;
      } else if (!word.empty()) {
        table[section + " " + word].push_back(key_class);
        word.clear();
      }
    }
  }
  return table;
}

TEST(KeyClasses, TheManPageHasEachKeyInItsClass) {
  std::map<std::string, std::vector<std::string>> wanted;
  for (const config::SectionKeys& section : config::kSections) {
    if (section.name == "defaults") continue;
    for (const std::string_view key : section.keys) {
      wanted[std::string(section.written) + " " + std::string(key)] = {
          std::string(ToWord(ClassOf(section.name, key)))};
    }
  }
  EXPECT_EQ(TableOfThePage(), wanted);
}

TEST(KeyClasses, AnUnknownKeyIsNeverTakenForHarmless) {
  EXPECT_FALSE(IsClassified("service", "nonsense"));
  EXPECT_EQ(ClassOf("service", "nonsense"), KeyClass::kRestart);
}

}  // namespace
}  // namespace fectl::apply
