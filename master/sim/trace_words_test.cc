#include "master/sim/trace_words.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fectl::sim {
namespace {

TEST(TraceWords, TimesAreReadAsTheyAreWritten) {
  for (const int64_t ns : {int64_t{0}, int64_t{1}, int64_t{1'500'000'000}, int64_t{4'000'000'000'000'000}}) {
    int64_t read = -1;
    EXPECT_TRUE(ReadSeconds(Seconds(ns), &read)) << ns;
    EXPECT_EQ(read, ns);
  }
  int64_t read = 0;
  EXPECT_TRUE(ReadSeconds("30s", &read));
  EXPECT_EQ(read, 30'000'000'000);
  for (const char* text : {"", "s", "-1", "1.0000000001", "1.x", "1 2"})
    EXPECT_FALSE(ReadSeconds(text, &read)) << text;
}

TEST(TraceWords, WhatIsQuotedIsOneWord) {
  EXPECT_EQ(Split(R"(1 loaded  web/1#2 )"), (std::vector<std::string>{"1", "loaded", "web/1#2"}));
  const std::string words = "a \"b\" \\ c";
  EXPECT_EQ(Split("x " + Quoted(words) + " y"), (std::vector<std::string>{"x", words, "y"}));
  EXPECT_EQ(Split(Quoted("two\nlines")), std::vector<std::string>{"two lines"});
  EXPECT_EQ(Split("\"\""), std::vector<std::string>{""});
}

TEST(TraceWords, NamesAndNumbers) {
  EXPECT_TRUE(IsName("web-1.a_B"));
  EXPECT_FALSE(IsName(""));
  EXPECT_FALSE(IsName("a b"));
  int32_t number = 0;
  EXPECT_TRUE(ReadNumber("-12", &number));
  EXPECT_EQ(number, -12);
  EXPECT_FALSE(ReadNumber("12x", &number));
  EXPECT_FALSE(ReadNumber("", &number));
}

}  // namespace
}  // namespace fectl::sim
