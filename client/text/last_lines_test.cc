#include "client/text/last_lines.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(LastLinesText, EachLineIsMarkedAndSafe) {
  EXPECT_EQ(LastLinesText(""), "");
  EXPECT_EQ(LastLinesText("Traceback:\n  File x\n\nKeyError\x1b[2J"),
            "  | Traceback:\n  |   File x\n  | \n  | KeyError\\x1b[2J\n");
}

}  // namespace
}  // namespace fectl::client
