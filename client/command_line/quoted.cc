#include "client/command_line/quoted.h"

#include "proto_spec/base/printable.h"

namespace fectl::client {

std::string Quoted(std::string_view word) {
  return "\"" + base::EscapeForTerminal(word) + "\"";
}

}  // namespace fectl::client
