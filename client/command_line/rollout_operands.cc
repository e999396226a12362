#include "client/command_line/rollout_operands.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace fectl::client {

std::string WhatIsWrongWithRollout(const std::vector<std::string>& operands) {
  static constexpr std::string_view kOrders[] = {"status", "promote", "pause", "abort"};
  const bool right = operands.size() == 2 &&
                     std::find(std::begin(kOrders), std::end(kOrders), operands[0]) != std::end(kOrders) &&
                     operands[1] != "all";
  return right ? ""
               : "rollout takes status, promote, pause or abort, and the name of one service: fectl rollout "
                 "status SERVICE";
}

}  // namespace fectl::client
