#include "client/events/cursor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fectl::client {
namespace {

class CursorTest : public testing::Test {
 protected:
  CursorTest() {
    char name[] = "/tmp/fectl_cursor.XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/cursor";
  }
  ~CursorTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string path_;
};

TEST_F(CursorTest, IsReadAsItWasWritten) {
  EXPECT_EQ(*ReadCursor(path_), std::nullopt);
  const Cursor cursor{.boot = "9c1f", .seq = 1042};
  ASSERT_TRUE(WriteCursor(path_, cursor).ok());
  EXPECT_EQ(*ReadCursor(path_), cursor);
  ASSERT_TRUE(WriteCursor(path_, {.boot = "0000", .seq = 1}).ok());
  EXPECT_EQ((*ReadCursor(path_))->seq, 1U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(CursorTest, AnotherFileIsNone) {
  for (const char* text :
       {"", "9c1f", "9c1f 5", " 5\n", "9c1f x\n", "9c1f 5 \n", "hello world\n", "9c1f -5\n"}) {
    std::ofstream(path_) << text;
    EXPECT_TRUE(absl::IsInvalidArgument(ReadCursor(path_).status())) << text;
  }
}

TEST_F(CursorTest, WhatCannotBeWrittenIsTold) {
  const absl::Status written = WriteCursor(folder_ + "/nowhere/cursor", {.boot = "1", .seq = 1});
  EXPECT_FALSE(written.ok());
  EXPECT_THAT(std::string(written.message()), testing::HasSubstr("/nowhere/cursor cannot be written: "));
}

}  // namespace
}  // namespace fectl::client
