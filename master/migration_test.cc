// What migration.md tells people to write is read by the configuration's parser, by fectld's reading of its
// command line, and compared with the commands of fectl's man page.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
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

// The cells of the tables' rows, and for each the heading that it stands under.
struct Row {
  std::string heading;
  std::vector<std::string> cells;
};

std::vector<Row> Rows() {
  std::vector<Row> rows;
  std::string heading;
  for (const std::string& line : ReadLines("master/migration.md")) {
    if (line.starts_with("## ")) heading = line.substr(3);
    if (!line.starts_with("| ")) continue;
    Row row{heading, {}};
    std::stringstream text(line.substr(1));
    for (std::string cell; std::getline(text, cell, '|');) row.cells.push_back(cell);
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> CodeIn(const std::string& cell) {
  static const std::regex code("`([^`]*)`");
  std::vector<std::string> found;
  for (std::sregex_iterator i(cell.begin(), cell.end(), code), end; i != end; ++i) found.push_back((*i)[1]);
  return found;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// A configuration with these statements in this section, and beside them what else there must be.
std::string Complete(const std::string& section, const std::vector<std::string>& statements) {
  std::set<std::string> keys;
  std::string text = section + "\n";
  for (const std::string& statement : statements) {
    keys.insert(statement.substr(0, statement.find(' ')));
    text += statement + "\n";
  }
  const auto add = [&](const std::string& key, const std::string& value) {
    if (!keys.contains(key)) text += key + " = " + value + "\n";
  };
  if (section == "[[socket]]") {
    add("name", "\"some\"");
    if (!keys.contains("proto")) add("port", "1");
  }
  if (section == "[[service]]") {
    add("name", "\"web\"");
    add("num", "1");
    add("command", "\"./web\"");
  } else {
    text += "[[service]]\nname = \"web\"\nnum = 1\ncommand = \"./web\"\n";
  }
  return text;
}

std::set<std::string> CommandsOfFectl() {
  std::set<std::string> commands;
  for (const std::string& line : ReadLines("client/fectl.1")) {
    if (line.starts_with(".It Cm ")) commands.insert(Words(line)[2]);
  }
  return commands;
}

// A command at the prompt.
void CheckCommand(const std::string& text) {
  std::vector<std::string> words = Words(text);
  ASSERT_FALSE(words.empty());
  const std::string program = words.front();
  words.erase(words.begin());
  if (program == "fectl") {
    ASSERT_FALSE(words.empty()) << text;
    EXPECT_THAT(CommandsOfFectl(), testing::Contains(words.front())) << text;
  } else if (program == "fectld") {
    EXPECT_TRUE(runtime::ParseCommandLine(words).ok()) << text;
  } else {
    EXPECT_EQ(text, "kill -USR1") << "nothing else is known here";
  }
}

TEST(Migration, HasATableForEachProgram) {
  std::map<std::string, int> rows;
  for (const Row& row : Rows()) ++rows[row.heading];
  for (const char* program : {"fectl 0.x", "supervisord", "gunicorn", "uvicorn", "uWSGI", "circus"}) {
    EXPECT_GE(rows[program], 10) << program;
  }
}

TEST(Migration, EachRowSaysWhatToWriteOrWhyNothing) {
  for (const Row& row : Rows()) {
    ASSERT_EQ(row.cells.size(), 3) << row.heading << row.cells.front();
    EXPECT_FALSE(Words(row.cells[0]).empty());
    EXPECT_FALSE(Words(row.cells[1]).empty() && Words(row.cells[2]).empty()) << row.cells.front();
  }
}

TEST(Migration, WhatPeopleAreToldToWriteIsRight) {
  for (const Row& row : Rows()) {
    std::string section;
    std::vector<std::string> statements;
    for (const std::string& code : CodeIn(row.cells[1])) {
      if (code.starts_with("[")) {
        EXPECT_EQ(section, "") << "one section in a row: " << row.cells[1];
        section = code;
      } else if (code.find(" = ") != std::string::npos) {
        EXPECT_NE(section, "") << "in which section? " << row.cells[1];
        statements.push_back(code);
      } else {
        CheckCommand(code);
      }
    }
    if (section.empty()) continue;
    EXPECT_FALSE(statements.empty()) << row.cells[1];
    const std::string text = Complete(section, statements);
    EXPECT_EQ(config::Parse(text, "row").Describe(), "") << text;
  }
}

TEST(Migration, NamesCommandsThatExist) {
  for (const Row& row : Rows()) {
    for (const std::string& code : CodeIn(row.cells[2])) {
      if (code.starts_with("fectl ") || code.starts_with("fectld ")) CheckCommand(code);
    }
  }
}

// The keys of another program in what people had: `numprocs`, `[supervisord] pidfile`, `backlog = 2048`. Not
// its commands, its options, and what is text of its own.
std::vector<std::string> KeysIn(const std::string& cell) {
  static const std::set<std::string> kNoKeys = {"supervisord", "sudo", "setpriv", "capsh", "ping", "aiohttp"};
  if (cell.find("ctl ") != std::string::npos) return {};  // commands
  static const std::regex key("[a-z_]+");
  std::vector<std::string> keys;
  for (std::string code : CodeIn(cell)) {
    if (code.starts_with("[")) code.erase(0, std::min(code.size(), code.find(']') + 2));
    code = code.substr(0, code.find(" = "));
    code = code.substr(0, code.find_first_of(".*"));  // stdout_stream.filename, rlimit_*
    while (code.ends_with('_')) code.pop_back();
    if (std::regex_match(code, key) && !kNoKeys.contains(code)) keys.push_back(code);
  }
  return keys;
}

TEST(Migration, SUGGEST_EveryKeyOfTheTablesIsKnownToTheReaderWhereverItStands) {
  int known = 0;
  for (const Row& row : Rows()) {
    for (const std::string& key : KeysIn(row.cells[0])) {
      for (const config::SectionKeys& section : config::kSections) {
        if (std::find(section.keys.begin(), section.keys.end(), key) != section.keys.end()) continue;
        const std::string text = config::UnknownKeyText(section.name, key);
        EXPECT_TRUE(text.starts_with("unknown key: ")) << section.written << " " << key << ": " << text;
        ++known;
      }
    }
  }
  EXPECT_GT(known, 120) << "keys were not found in the tables";
}

TEST(Migration, SUGGEST_EverySectionOfTheTablesIsKnownToTheReader) {
  static const std::regex header("\\[([a-z_-]+)[:\\]].*");
  int known = 0;
  for (const Row& row : Rows()) {
    for (const std::string& code : CodeIn(row.cells[0])) {
      std::smatch match;
      if (!std::regex_match(code, match, header)) continue;
      const std::string name = match[1];
      if (name == "master" || name == "logging" || name == "socket") continue;
      const std::string text = config::Parse(code.substr(0, code.find(']') + 1) + "\n", "file").Describe();
      EXPECT_THAT(text, testing::AnyOf(testing::HasSubstr("unknown section: "),
                                       testing::HasSubstr("without quotes; ")))
          << code;
      ++known;
    }
  }
  EXPECT_GE(known, 10);
}

TEST(Migration, ShowsConfigurationsThatAreValid) {
  std::vector<std::string> blocks;
  bool inside = false;
  for (const std::string& line : ReadLines("master/migration.md")) {
    if (line == "```") inside = false;
    if (inside) blocks.back() += line + "\n";
    if (line == "```toml") {
      inside = true;
      blocks.emplace_back();
    }
  }
  EXPECT_EQ(blocks.size(), 5);
  for (const std::string& block : blocks) EXPECT_EQ(config::Parse(block, "block").Describe(), "") << block;
}

}  // namespace
}  // namespace fectl
