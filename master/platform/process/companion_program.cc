#include "master/platform/process/companion_program.h"

#include <unistd.h>

#include <climits>

#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// The file itself, whatever links led to it.
std::string OwnPath() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "/usr/sbin/fectld";
}

}  // namespace

std::vector<std::string> CompanionCandidates(const std::string& own_path, const std::string& name,
                                             const std::string& build_folder) {
  const std::string folder = FolderOf(own_path);
  const std::string above = FolderOf(folder);
  return {absl::StrCat(folder, "/", name), absl::StrCat(above, "/bin/", name),
          absl::StrCat(above, "/", build_folder, "/", name)};
}

std::string CompanionProgram(const std::string& name, const std::string& build_folder) {
  const std::vector<std::string> candidates = CompanionCandidates(OwnPath(), name, build_folder);
  for (const std::string& candidate : candidates) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return candidates.front();
}

}  // namespace fectl::platform
