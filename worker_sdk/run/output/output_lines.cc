#include "worker_sdk/run/output/output_lines.h"

#include <algorithm>

namespace fectl::run {
namespace {

bool OnlyBlanks(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void OutputLines::Extend(std::string_view part) {
  start_ += part.substr(0, kShownBytes - std::min(kShownBytes, start_.size()));
  if (wanted_.empty() || found_) return;
  line_ += part;
  found_ = line_.find(wanted_) != std::string::npos;
  const size_t kept = std::max(kLineBytesMax, wanted_.size());
  if (line_.size() > 2 * kept) line_.erase(0, line_.size() - kept);
}

void OutputLines::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    Extend(bytes.substr(0, end));
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    line_.clear();
    if (!OnlyBlanks(start_)) last_ = start_;
    start_.clear();
  }
}

std::string OutputLines::last() const {
  std::string line = OnlyBlanks(start_) ? last_ : start_;
  line.erase(line.find_last_not_of(" \t\r") + 1);
  line.erase(0, line.find_first_not_of(" \t"));
  return line;
}

}  // namespace fectl::run
