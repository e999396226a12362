#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"
#include "master/config/print_toml.h"
#include "master/config/system/system_check.h"

// Every file of testdata/configs, loaded as `fectld --check` does it.

namespace fectl::config {
namespace {

constexpr char kFolder[] = "testdata/configs/";

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder + folder)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

LoadResult Load(const std::filesystem::path& path) {
  LoadResult result = Parse(ReadText(path), path.filename().string());
  ResolveAccounts(&result);
  CheckSystem(/*only_warn=*/true, &result);
  return result;
}

std::string CaseName(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

class Valid : public testing::TestWithParam<std::string> {
 protected:
  const std::filesystem::path path_ = kFolder + ("valid/" + GetParam() + ".toml");
};

TEST_P(Valid, Loads) {
  const LoadResult result = Load(path_);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.Describe(), ReadText(std::filesystem::path(path_).replace_extension(".expected")));
}

TEST_P(Valid, IsTheSameAfterPrintingAndLoading) {
  const LoadResult result = Parse(ReadText(path_), "first");
  const std::string printed = PrintToml(result.config);
  const LoadResult again = Parse(printed, "printed");
  EXPECT_EQ(again.Describe(), "") << printed;
  EXPECT_EQ(again.config, result.config) << printed;
}

INSTANTIATE_TEST_SUITE_P(Configs, Valid, testing::ValuesIn(FilesIn("valid")), CaseName);

class Invalid : public testing::TestWithParam<std::string> {
 protected:
  const std::filesystem::path path_ = kFolder + ("invalid/" + GetParam() + ".toml");
};

TEST_P(Invalid, SaysEverythingThatIsWrong) {
  const LoadResult result = Load(path_);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.Describe(), ReadText(std::filesystem::path(path_).replace_extension(".expected")));
}

INSTANTIATE_TEST_SUITE_P(Configs, Invalid, testing::ValuesIn(FilesIn("invalid")), CaseName);

// What people see first is the position, and it must be one that exists.
TEST_P(Invalid, NamesLinesOfTheFile) {
  const std::string text = ReadText(path_);
  const auto lines = std::count(text.begin(), text.end(), '\n');
  for (const Problem& problem : Load(path_).problems) {
    EXPECT_LE(problem.line, lines) << problem.ToString();
    EXPECT_EQ(problem.ToString().find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace fectl::config
