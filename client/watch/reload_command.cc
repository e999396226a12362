#include "client/watch/reload_command.h"

#include <cstdio>

namespace fectl::client {

std::vector<std::string> ReloadCommand(const Context& context, const std::string& socket_path,
                                       std::string_view operation, const std::string& service) {
  std::vector<std::string> command = {context.program, "--sock=" + socket_path};
  if (context.invocation.json) command.emplace_back("--json");
  if (context.invocation.timeout_ms.has_value()) {
    char seconds[64];
    snprintf(seconds, sizeof seconds, "%.3f", static_cast<double>(*context.invocation.timeout_ms) / 1000);
    command.push_back(std::string("--timeout=") + seconds);
  }
  command.emplace_back(operation);
  command.emplace_back("--");
  command.push_back(service);
  return command;
}

}  // namespace fectl::client
