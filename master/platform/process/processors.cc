#include "master/platform/process/processors.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace fectl::platform {
namespace {

constexpr int kProcessorsMax = 1 << 16;  // more than any Linux has

int AllowedProcessors() {
  for (int size = 1024; size <= kProcessorsMax; size *= 2) {
    std::vector<cpu_set_t> set(CPU_ALLOC_SIZE(size) / sizeof(cpu_set_t));
    const size_t bytes = set.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, set.data()) == 0) return CPU_COUNT_S(bytes, set.data());
    if (errno != EINVAL) break;  // EINVAL: the kernel knows more processors
  }
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

// Of a file with whole numbers; nothing for "max" and what is no number.
std::optional<int64_t> Number(std::istream& from) {
  int64_t number = 0;
  if (from >> number) return number;
  return std::nullopt;
}

// How many processors the quota of the group with this folder is worth; nothing where it has none.
std::optional<int64_t> QuotaOf(const std::string& folder) {
  std::ifstream both(folder + "/cpu.max");  // version 2: "150000 100000", "max 100000"
  std::optional<int64_t> quota;
  std::optional<int64_t> period;
  if (both.is_open()) {
    quota = Number(both);
    period = Number(both);
  } else {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
    std::ifstream period_file(folder + "/cpu.cfs_period_us");
    quota = Number(quota_file);
    period = Number(period_file);
  }
  if (!quota.has_value() || !period.has_value() || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period + (*quota % *period == 0 ? 0 : 1);
}

// Of the group `path` below `mount`, and of those above it. A container often sees its own group as the root,
// whatever the path says, so that only the last step finds a file.
int64_t LeastQuota(const std::string& mount, std::string path) {
  int64_t least = std::numeric_limits<int64_t>::max();
  if (path.find("..") != std::string::npos) path.clear();  // outside of what can be seen here
  while (true) {
    while (path.ends_with('/')) path.pop_back();
    if (const auto quota = QuotaOf(mount + path)) least = std::min(least, *quota);
    if (path.empty()) return least;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

// The folders where the hierarchy of a line of /proc/self/cgroup may be mounted, if it limits CPU time.
std::vector<std::string> MountsOf(const std::string& controllers) {
  if (controllers.empty()) return {"", "/unified"};  // version 2
  std::istringstream words(controllers);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "cpu") return {"/cpu", "/" + controllers};
  }
  return {};
}

}  // namespace

int UsableProcessors(const std::string& root, int allowed) {
  int64_t least = std::max(allowed, 1);
  const std::string mounts = root + "/sys/fs/cgroup";
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);  // "0::/path", "4:cpu,cpuacct:/path"
    std::string number;
    std::string controllers;
    std::string path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    for (const std::string& mount : MountsOf(controllers)) {
      least = std::min(least, LeastQuota(mounts + mount, path));
    }
  }
  return static_cast<int>(least);
}

int UsableProcessors() {
  return UsableProcessors("", AllowedProcessors());
}

}  // namespace fectl::platform
