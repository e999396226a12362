#include "master/logger/lines/priority.h"

#include <gtest/gtest.h>
#include <syslog.h>

#include <string>

namespace fectl::logger {
namespace {

proto::LogLine Line(const std::string& text, const std::string& stream = "both") {
  proto::LogLine line;
  line.message = text;
  line.stream = stream;
  return line;
}

TEST(Priority, IsThatOfThePrefixWhichIsTakenOff) {
  const proto::LogLine line = Line("<3>disk on fire");
  EXPECT_EQ(PriorityOf(line).priority, LOG_ERR);
  EXPECT_EQ(PriorityOf(line).text, "disk on fire");
}

TEST(Priority, WithoutOneItIsInformation) {
  for (const char* const text : {"", "<", "<3", "<8>x", "<33>x", "<a>x", "3>x", " <3>x"}) {
    const proto::LogLine line = Line(text);
    EXPECT_EQ(PriorityOf(line).priority, LOG_INFO) << text;
    EXPECT_EQ(PriorityOf(line).text, text);
  }
}

TEST(Priority, OnlyTheFirstPieceOfALineSaysIt) {
  proto::LogLine line = Line("<3>first");
  line.part = 0;
  EXPECT_EQ(PriorityOf(line).priority, LOG_ERR);
  line.part = 1;
  EXPECT_EQ(PriorityOf(line).priority, LOG_INFO);
  EXPECT_EQ(PriorityOf(line).text, "<3>first");
}

TEST(Priority, WhatFectlSaysIsAWarning) {
  EXPECT_EQ(PriorityOf(Line("<3>x", "fectl")).priority, LOG_WARNING);
}

}  // namespace
}  // namespace fectl::logger
