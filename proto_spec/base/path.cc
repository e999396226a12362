#include "proto_spec/base/path.h"

namespace fectl::base {

std::string JoinPath(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return std::string(path);
  std::string joined(directory);
  if (path.empty()) return joined;
  if (!directory.ends_with('/')) joined += '/';
  return joined.append(path);
}

std::string FolderPart(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return "";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace fectl::base
