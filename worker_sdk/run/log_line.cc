#include "worker_sdk/run/log_line.h"

#include <unistd.h>

#include <string>

namespace fectl::run {

void LogLine(std::string_view text) {
  const std::string line = "fectl-run: " + std::string(text) + "\n";
  // In one piece, so that lines of others do not tear it. Where it cannot be written there is nobody to tell.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace fectl::run
