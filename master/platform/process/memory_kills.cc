#include "master/platform/process/memory_kills.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fectl::platform {
namespace {

// The line "oom_kill N" of memory.events (version 2) or memory.oom_control (version 1). Read anew from its
// beginning: the file stays open, as a replacement waits for what is found here.
std::optional<uint64_t> CountIn(const base::UniqueFd& file) {
  std::array<char, 1024> text;
  const ssize_t got = pread(file.get(), text.data(), text.size(), 0);
  if (got <= 0) return std::nullopt;
  const std::string_view lines(text.data(), static_cast<size_t>(got));
  constexpr std::string_view kName = "oom_kill ";
  const size_t at = lines.substr(0, kName.size()) == kName ? 0 : lines.find(std::string("\n").append(kName));
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* const digits = lines.data() + lines.find(' ', at) + 1;
  const auto read = std::from_chars(digits, lines.data() + lines.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// Where the counter of a line of /proc/self/cgroup may be: "0::/path", "4:memory:/path". A container often
// sees its own group as the root, whatever the path says.
std::vector<std::string> Candidates(const std::string& line, const std::string& root) {
  std::istringstream fields(line);
  std::string number;
  std::string controllers;
  std::string below;
  std::getline(fields, number, ':');
  std::getline(fields, controllers, ':');
  if (!std::getline(fields, below)) return {};
  if (below == "/") below.clear();
  if (controllers.empty()) {
    const std::string file = "/memory.events";
    return {root + below + file, root + "/unified" + below + file, root + file};
  }
  if (controllers != "memory") return {};
  const std::string file = "/memory.oom_control";
  return {root + "/memory" + below + file, root + "/memory" + file};
}

std::string OwnGroups() {
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

MemoryKills::MemoryKills() : MemoryKills(OwnGroups(), "/sys/fs/cgroup") {}

MemoryKills::MemoryKills(const std::string& groups, const std::string& root) {
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    for (const std::string& path : Candidates(line, root)) {
      base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      const std::optional<uint64_t> count = CountIn(file);
      if (!count.has_value()) continue;
      file_ = std::move(file);
      taken_ = *count;
      return;
    }
  }
}

bool MemoryKills::TakeOne() {
  if (!file_.valid() || CountIn(file_).value_or(0) <= taken_) return false;
  ++taken_;
  return true;
}

}  // namespace fectl::platform
