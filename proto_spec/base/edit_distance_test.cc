#include "proto_spec/base/edit_distance.h"

#include <gtest/gtest.h>

namespace fectl::base {
namespace {

TEST(EditDistance, CountsTypingMistakes) {
  EXPECT_EQ(EditDistance("reload", "reload"), 0u);
  EXPECT_EQ(EditDistance("relaod", "reload"), 1u);  // swapped
  EXPECT_EQ(EditDistance("relod", "reload"), 1u);   // missing
  EXPECT_EQ(EditDistance("rreload", "reload"), 1u);
  EXPECT_EQ(EditDistance("relaad", "reload"), 1u);  // wrong
  EXPECT_EQ(EditDistance("rilaad", "reload"), 2u);
  EXPECT_EQ(EditDistance("", "web"), 3u);
  EXPECT_EQ(EditDistance("web", ""), 3u);
}

TEST(EditDistance, UpperAndLowerCaseAreTheSame) {
  EXPECT_EQ(EditDistance("RELOAD", "reload"), 0u);
  EXPECT_EQ(EditDistance("Erload", "reload"), 1u);
}

}  // namespace
}  // namespace fectl::base
