#include "master/config/service/variable_names.h"

#include "gtest/gtest.h"

namespace fectl::config {
namespace {

TEST(VariableNames, WhatEveryShellCanRead) {
  for (const char* name : {"A", "_", "a1", "LC_ALL"}) EXPECT_TRUE(IsVariableName(name)) << name;
  for (const char* name : {"", "1A", "A-B", "A.B", " A", "A=", "\xc3\xa9"}) {
    EXPECT_FALSE(IsVariableName(name)) << name;
  }
}

TEST(VariableNames, WhatFectldSetsIsReserved) {
  for (const char* name : {"FECTL_FD", "FECTL_FD_http", "FECTL_APP_http", "FECTL_ARGS_http", "FECTL_PROTO"}) {
    EXPECT_TRUE(IsReservedVariable(name)) << name;
  }
  for (const char* name : {"FECTL", "FECTL_LEVEL", "PATH", "FECTL_FDS"}) {
    EXPECT_FALSE(IsReservedVariable(name)) << name;
  }
}

}  // namespace
}  // namespace fectl::config
