#include "master/config/service/env_text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

// Every file of testdata/env_files, as other programs take them: X.env reads as X.expected.

namespace fectl::config {
namespace {

constexpr char kFolder[] = "testdata/env_files/";

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// "NAME=[value]" for each variable, and "line 3: NAME: error".
std::string Show(const EnvText& text) {
  std::string shown;
  for (const auto& [name, value] : text.variables) shown += name + "=[" + value + "]\n";
  for (const EnvText::Error& error : text.errors) {
    shown += "line " + std::to_string(error.line) + ": " + (error.name.empty() ? "" : error.name + ": ") +
             error.text + "\n";
  }
  return shown;
}

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".env") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class EnvFile : public testing::TestWithParam<std::string> {};

TEST_P(EnvFile, ReadsAsExpected) {
  const std::string path = kFolder + GetParam();
  EXPECT_EQ(Show(ReadEnvText(ReadText(path + ".env"))), ReadText(path + ".expected"));
}

INSTANTIATE_TEST_SUITE_P(Dialects, EnvFile, testing::ValuesIn(Files()),
                         [](const auto& one) { return one.param; });

TEST(EnvText, ThereIsAFileForEachDialect) {
  EXPECT_EQ(Files().size(), 12U);
}

TEST(EnvText, BytesThatAreNoText) {
  EXPECT_EQ(Show(ReadEnvText("")), "");
  EXPECT_EQ(Show(ReadEnvText("A=1")), "A=[1]\n");
  EXPECT_EQ(Show(ReadEnvText(std::string("A=1\nB=\0\n", 9))), "line 2: has a NUL character in it\n");
  EXPECT_EQ(Show(ReadEnvText("A=1\n\nB=\xff\n")), "line 3: is not UTF-8\n");
}

TEST(EnvText, AFileThatIsSomethingElseIsNotToldToItsEnd) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "what is this\n";
  EXPECT_EQ(ReadEnvText(text).errors.size(), 20U);
}

}  // namespace
}  // namespace fectl::config
