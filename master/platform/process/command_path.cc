#include "master/platform/process/command_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto_spec/base/path.h"

namespace fectl::platform {
namespace {

// 0, or the errno that executing it would most likely give.
int WhyNotExecutable(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return S_ISDIR(status.st_mode) ? EISDIR : EACCES;
  return access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

std::vector<std::string> CandidatesFor(const std::string& command, const std::string& search_path) {
  if (command.find('/') != std::string::npos) return {command};
  const std::vector<std::string> folders = absl::StrSplit(search_path, ':');
  std::vector<std::string> candidates;
  for (const std::string& folder : folders) {
    if (!folder.empty() && folder[0] == '/') candidates.push_back(base::JoinPath(folder, command));
  }
  return candidates;
}

absl::StatusOr<std::string> FindExecutable(const std::string& command, const std::string& search_path,
                                           const std::string& directory) {
  if (command.empty()) return absl::InvalidArgumentError("the command is empty");
  if (command.find('/') != std::string::npos) {
    const std::string path = base::JoinPath(directory, command);
    if (const int error = WhyNotExecutable(path); error != 0) {
      return absl::ErrnoToStatus(error, absl::StrCat("cannot execute ", path));
    }
    return path;
  }
  std::string not_permitted;
  for (std::string& path : CandidatesFor(command, search_path)) {
    const int error = WhyNotExecutable(path);
    if (error == 0) return std::move(path);
    if (error == EACCES && not_permitted.empty()) not_permitted = std::move(path);
  }
  if (!not_permitted.empty()) {
    return absl::ErrnoToStatus(EACCES, absl::StrCat("cannot execute ", not_permitted));
  }
  return absl::NotFoundError(absl::StrCat("there is no program ", command, " in PATH (", search_path, ")"));
}

}  // namespace fectl::platform
