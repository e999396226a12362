#ifndef FECTL_MASTER_LOGGER_LINES_PRIORITY_H_
#define FECTL_MASTER_LOGGER_LINES_PRIORITY_H_

#include <string_view>

#include "proto_spec/log_messages.h"

namespace fectl::logger {

// A line as journald and syslog get it: a priority of syslog.h beside it. "<3>" at the start of a line says
// it, as sd-daemon(3) has it, and is taken off then; else it is LOG_INFO, and LOG_WARNING for what fectl
// itself says. The later pieces of a line that was cut have none of their own.
struct Prioritised {
  int priority = 0;
  std::string_view text;  // of `line`
};
Prioritised PriorityOf(const proto::LogLine& line);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LINES_PRIORITY_H_
