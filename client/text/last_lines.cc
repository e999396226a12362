#include "client/text/last_lines.h"

#include <cstddef>

#include "proto_spec/base/printable.h"

namespace fectl::client {

std::string LastLinesText(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    text += "  | " + base::EscapeForTerminal(lines.substr(0, end)) + "\n";
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return text;
}

}  // namespace fectl::client
