#ifndef FECTL_CLIENT_WATCH_RELOAD_COMMAND_H_
#define FECTL_CLIENT_WATCH_RELOAD_COMMAND_H_

#include <string>
#include <string_view>
#include <vector>

#include "client/context.h"

namespace fectl::client {

// This program as it does one operation on one service: with the --json and the --timeout of its own command
// line.
std::vector<std::string> ReloadCommand(const Context& context, const std::string& socket_path,
                                       std::string_view operation, const std::string& service);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_RELOAD_COMMAND_H_
