// What fectl-run itself has to say goes to standard error, beside the program's output.
#ifndef FECTL_WORKER_SDK_RUN_LOG_LINE_H_
#define FECTL_WORKER_SDK_RUN_LOG_LINE_H_

#include <string_view>

namespace fectl::run {

void LogLine(std::string_view text);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_LOG_LINE_H_
