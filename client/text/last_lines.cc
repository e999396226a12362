#include "client/text/last_lines.h"

#include <cstddef>

#include "proto_spec/base/printable.h"

namespace fectl::client {

std::vector<std::string> MarkedLines(std::string_view lines) {
  std::vector<std::string> marked;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    marked.push_back("| " + base::EscapeForTerminal(lines.substr(0, end)));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return marked;
}

std::string LastLinesText(std::string_view lines) {
  std::string text;
  for (const std::string& line : MarkedLines(lines)) text += "  " + line + "\n";
  return text;
}

}  // namespace fectl::client
