#ifndef FECTL_CLIENT_COMMAND_LINE_ROLLOUT_OPERANDS_H_
#define FECTL_CLIENT_COMMAND_LINE_ROLLOUT_OPERANDS_H_

#include <string>
#include <vector>

namespace fectl::client {

// What is wrong with the words behind `fectl rollout`; "": nothing.
std::string WhatIsWrongWithRollout(const std::vector<std::string>& operands);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_ROLLOUT_OPERANDS_H_
