#include "master/platform/files/removed_directory.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace fectl::platform {

std::string DirectoryWasRemoved(int error, const std::string& path) {
  constexpr std::string_view kMark = " (deleted)";  // the kernel's own word
  if (error != ENOENT || path.starts_with('/')) return "";
  std::array<char, PATH_MAX> text = {};
  const ssize_t length = readlink("/proc/self/cwd", text.data(), text.size());
  if (length <= 0) return "";
  std::string_view directory(text.data(), static_cast<size_t>(length));
  if (!directory.ends_with(kMark)) return "";
  directory.remove_suffix(kMark.size());
  return "fectld's current directory, " + std::string(directory) + ", was removed";
}

}  // namespace fectl::platform
