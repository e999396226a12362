#include "client/serve/programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "proto_spec/base/path.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

bool IsProgram(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && access(path.c_str(), X_OK) == 0;
}

absl::Status NotThere(const std::string& text) {
  return absl::NotFoundError(absl::string_view(text.data(), text.size()));
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// An empty name in a PATH is the current directory.
std::string InSearchPath(const std::string& name, const std::string& directory,
                         const std::string& search_path) {
  for (size_t at = 0; at <= search_path.size();) {
    const size_t end = std::min(search_path.find(':', at), search_path.size());
    const std::string path =
        base::JoinPath(base::JoinPath(directory, search_path.substr(at, end - at)), name);
    if (IsProgram(path)) return path;
    at = end + 1;
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> FindMaster(const std::string& own_path, const std::string& directory,
                                       const std::string& search_path) {
  const std::string here = FolderOf(own_path);
  for (const char* const place : {"/fectld", "/../sbin/fectld", "/../master/fectld"}) {
    if (IsProgram(here + place)) return here + place;
  }
  const std::string found = InSearchPath("fectld", directory, search_path);
  if (!found.empty()) return found;
  return NotThere("fectld is neither in " + base::EscapeForTerminal(here) +
                  ", where fectl is, nor in PATH: build or install it (//master:fectld)");
}

std::string FindPythonSite(const std::string& own_path) {
  const std::string above = FolderOf(FolderOf(own_path));
  const std::string site = above + "/python/site";
  return access((site + "/fectl_worker/__main__.py").c_str(), R_OK) == 0 ? site : "";
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory,
                                        const std::string& search_path) {
  if (name.find('/') == std::string::npos) {
    std::string path = InSearchPath(name, directory, search_path);
    if (path.empty()) return NotThere("there is no program " + base::EscapeForTerminal(name) + " in PATH");
    return path;
  }
  std::string path = base::JoinPath(directory, name);
  if (!IsProgram(path)) return NotThere("there is no program " + base::EscapeForTerminal(path));
  return path;
}

}  // namespace fectl::client
