#ifndef FECTL_CLIENT_COMMAND_LINE_APPLICATION_OPERANDS_H_
#define FECTL_CLIENT_COMMAND_LINE_APPLICATION_OPERANDS_H_

#include <string>
#include <vector>

namespace fectl::client {

// What is wrong with the words behind `fectl serve`, MODULE:NAME and arguments NAME=VALUE; empty: nothing.
std::string WhatIsWrongWithApplication(const std::vector<std::string>& operands);

// The same of the words behind `fectl init`, which may also be none, or a program and its arguments.
std::string WhatIsWrongWithProposed(const std::vector<std::string>& operands);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_APPLICATION_OPERANDS_H_
