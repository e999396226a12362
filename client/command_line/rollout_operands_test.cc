#include "client/command_line/rollout_operands.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(RolloutOperands, AreAnOrderAndAService) {
  for (const char* const order : {"status", "promote", "pause", "abort"})
    EXPECT_EQ(WhatIsWrongWithRollout({order, "web"}), "");
  const std::vector<std::vector<std::string>> wrong = {
      {}, {"status"}, {"web"}, {"promte", "web"}, {"abort", "all"}, {"status", "web", "api"}};
  for (const auto& operands : wrong) EXPECT_NE(WhatIsWrongWithRollout(operands), "");
}

}  // namespace
}  // namespace fectl::client
