#include "client/text/terminal_text.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(Columns, CountsCodePoints) {
  EXPECT_EQ(Columns("größe"), 5u);
  EXPECT_EQ(Columns(""), 0u);
}

TEST(Paint, OnlyWhenColoursAreOn) {
  EXPECT_EQ(Paint("running", StateColour("running"), false), "running");
  EXPECT_EQ(Paint("running", StateColour("running"), true), "\033[32mrunning\033[0m");
  EXPECT_EQ(Paint("failed", StateColour("failed"), true), "\033[31mfailed\033[0m");
  EXPECT_EQ(Paint("x", Colour::kNone, true), "x");
}

}  // namespace
}  // namespace fectl::client
