#include "worker_sdk/run/output/output_lines.h"

#include <string>

#include "gtest/gtest.h"

namespace fectl::run {
namespace {

TEST(OutputLines, TextIsFoundHoweverItIsTorn) {
  const std::string output = "INFO: one\nINFO: Application startup complete.\nmore\n";
  for (size_t size = 1; size < output.size(); ++size) {
    OutputLines lines("startup complete");
    for (size_t at = 0; at < output.size(); at += size)
      lines.Append(std::string_view(output).substr(at, size));
    EXPECT_TRUE(lines.found()) << size;
    EXPECT_EQ(lines.last(), "more") << size;
  }
}

TEST(OutputLines, TextIsOfOneLine) {
  OutputLines lines("a b");
  lines.Append("a\n b\nx a ");
  EXPECT_FALSE(lines.found());
  lines.Append("b");  // the line has no end yet
  EXPECT_TRUE(lines.found());
}

TEST(OutputLines, LongLinesCostABoundedAmount) {
  OutputLines lines("needle");
  for (int i = 0; i < 1000; ++i) lines.Append(std::string(1000, 'x'));
  lines.Append("nee");
  lines.Append(std::string("dle") + std::string(100'000, 'y') + "\n");
  EXPECT_TRUE(lines.found());
  EXPECT_EQ(lines.last(), std::string(OutputLines::kShownBytes, 'x'));
}

TEST(OutputLines, LastLineIsTheNewestWithWords) {
  OutputLines lines("");
  EXPECT_EQ(lines.last(), "");
  lines.Append("Traceback:\n  ImportError: no module\r\n\n  \n");
  EXPECT_EQ(lines.last(), "ImportError: no module");
  lines.Append("half");
  EXPECT_EQ(lines.last(), "half");
  EXPECT_FALSE(lines.found());
}

}  // namespace
}  // namespace fectl::run
