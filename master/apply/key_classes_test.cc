#include "master/apply/key_classes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "master/config/keys.h"

namespace fectl::apply {
namespace {

TEST(KeyClasses, EveryKeyHasOne) {
  for (const config::SectionKeys& section : config::kSections) {
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

TEST(KeyClasses, AnUnknownKeyIsNeverTakenForHarmless) {
  EXPECT_FALSE(IsClassified("service", "nonsense"));
  EXPECT_EQ(ClassOf("service", "nonsense"), KeyClass::kRestart);
}

}  // namespace
}  // namespace fectl::apply
