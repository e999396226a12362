#include "proto_spec/base/path.h"

#include <gtest/gtest.h>

namespace fectl::base {
namespace {

TEST(JoinPath, PutsOneSlashBetween) {
  EXPECT_EQ(JoinPath("/srv", "app"), "/srv/app");
  EXPECT_EQ(JoinPath("/srv/", "app/x"), "/srv/app/x");
  EXPECT_EQ(JoinPath("/", "app"), "/app");
  EXPECT_EQ(JoinPath("/srv", ""), "/srv");
}

TEST(JoinPath, AnAbsolutePathAndTheCurrentDirectoryNeedNothing) {
  EXPECT_EQ(JoinPath("/srv", "/run/x"), "/run/x");
  EXPECT_EQ(JoinPath("", "app"), "app");
  EXPECT_EQ(JoinPath("", ""), "");
}

TEST(FolderPart, WhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(FolderPart("/etc/fectl/a.toml"), "/etc/fectl");
  EXPECT_EQ(FolderPart("conf.d/a.toml"), "conf.d");
  EXPECT_EQ(FolderPart("/a.toml"), "/");
  EXPECT_EQ(FolderPart("a.toml"), "");
  EXPECT_EQ(FolderPart(""), "");
}

}  // namespace
}  // namespace fectl::base
