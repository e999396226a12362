#ifndef FECTL_CLIENT_COMMAND_LINE_HELP_H_
#define FECTL_CLIENT_COMMAND_LINE_HELP_H_

#include <string>

#include "client/command_line/commands.h"

namespace fectl::client {

// `fectl --help`: every command and option on one screen.
std::string GeneralHelp();

// `fectl help NAME`: usage, semantics, exit codes.
std::string CommandHelp(const Command& command);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_HELP_H_
