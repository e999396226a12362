#include "master/logger/lines/priority.h"

#include <syslog.h>

#include "master/logger/lines/line_text.h"

namespace fectl::logger {

Prioritised PriorityOf(const proto::LogLine& line) {
  const std::string_view text = line.message;
  if (line.stream == StreamWord(Stream::kOurs)) return {LOG_WARNING, text};
  const bool begins = !line.part.has_value() || line.part == 0;
  const bool has_prefix =
      begins && text.size() >= 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>';
  if (!has_prefix) return {LOG_INFO, text};
  return {text[1] - '0', text.substr(3)};
}

}  // namespace fectl::logger
