// The man pages and the code's tables must name the same options and keys, and what the pages show must be
// right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "master/config/keys.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"
#include "master/runtime/command_line.h"

namespace fectl {
namespace {

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// What stands behind `macro` in the section or subsection with the heading `heading`.
std::vector<std::string> ItemsOf(const std::vector<std::string>& page, const std::string& heading,
                                 const std::string& macro) {
  std::vector<std::string> items;
  bool found = false;
  bool inside = false;
  for (const std::string& line : page) {
    if (line.starts_with(".Sh ") || line.starts_with(".Ss ")) inside = line.substr(4) == heading;
    found = found || inside;
    if (inside && line.starts_with(macro)) items.push_back(line.substr(macro.size()));
  }
  EXPECT_TRUE(found) << heading;
  return items;
}

// "-c" as mdoc writes it behind Fl.
std::string Flag(std::string_view dashed) {
  return dashed.starts_with("--") ? "\\-" + std::string(dashed.substr(2)) : std::string(dashed.substr(1));
}

std::string Macro(const runtime::Option& option) {
  const std::string value = option.value.empty() ? "" : " Ar " + std::string(option.value);
  const std::string letter = option.letter.empty() ? "" : "Fl " + Flag(option.letter) + value + " , ";
  return letter + "Fl " + Flag(option.name) + value;
}

TEST(ManPageOfFectld, DescribesTheOptionsOfTheTableAndNoOthers) {
  std::vector<std::string> wanted;
  for (const runtime::Option& option : runtime::Options()) wanted.push_back(Macro(option));
  EXPECT_THAT(ItemsOf(ReadLines("master/fectld.8"), "DESCRIPTION", ".It "),
              testing::ElementsAreArray(wanted));
}

TEST(ManPageOfFectld, NamesEachOptionInItsSynopsis) {
  std::string synopsis;
  for (const std::string& line : ItemsOf(ReadLines("master/fectld.8"), "SYNOPSIS", "."))
    synopsis += line + "\n";
  for (const runtime::Option& option : runtime::Options()) {
    const std::string name = "Fl " + Flag(option.name);
    const std::string letter = "Fl " + Flag(option.letter.empty() ? option.name : option.letter);
    EXPECT_THAT(synopsis, testing::AnyOf(testing::HasSubstr(name), testing::HasSubstr(letter)));
  }
}

TEST(ManPageOfTheConfiguration, DescribesTheKeysOfTheTableAndNoOthers) {
  const std::vector<std::string> page = ReadLines("master/fectld.toml.5");
  for (const config::SectionKeys& section : config::kSections) {
    std::vector<std::string> wanted(section.keys.begin(), section.keys.end());
    if (section.name == "defaults") wanted.clear();  // described as those of [[service]]
    EXPECT_THAT(ItemsOf(page, std::string(section.written), ".It Ic "),
                testing::UnorderedElementsAreArray(wanted))
        << section.written;
  }
}

TEST(ManPageOfTheConfiguration, ShowsExamplesThatAreValid) {
  std::vector<std::string> examples;
  bool inside = false;
  for (const std::string& line : ReadLines("master/fectld.toml.5")) {
    if (line.starts_with(".Ed")) inside = false;
    if (inside) examples.back() += line + "\n";
    if (line.starts_with(".Bd -literal")) {
      inside = true;
      examples.emplace_back();
    }
  }
  EXPECT_EQ(examples.size(), 4);
  for (const std::string& example : examples) {
    EXPECT_EQ(config::Parse(example, "example").Describe(), "") << example;
  }
}

}  // namespace
}  // namespace fectl
