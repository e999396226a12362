#include "master/platform/memory_kills.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace fectl::platform {
namespace {

// The line "oom_kill N" of memory.events (version 2) or memory.oom_control (version 1).
std::optional<uint64_t> CountIn(const std::string& path) {
  std::ifstream file(path);
  std::string name;
  uint64_t number = 0;
  while (file >> name >> number) {
    if (name == "oom_kill") return number;
  }
  return std::nullopt;
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
      const std::optional<uint64_t> count = CountIn(path);
      if (!count.has_value()) continue;
      path_ = path;
      taken_ = *count;
      return;
    }
  }
}

bool MemoryKills::TakeOne() {
  if (path_.empty() || CountIn(path_).value_or(0) <= taken_) return false;
  ++taken_;
  return true;
}

}  // namespace fectl::platform
