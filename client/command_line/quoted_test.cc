#include "client/command_line/quoted.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(Quoted, ShowsAWordSafely) {
  EXPECT_EQ(Quoted("shop"), "\"shop\"");
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("a\n\033[31m"), "\"a\\n\\x1b[31m\"");
}

}  // namespace
}  // namespace fectl::client
