#include "proto_spec/base/path.h"

namespace fectl::base {

std::string JoinPath(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return std::string(path);
  std::string joined(directory);
  if (path.empty()) return joined;
  if (!directory.ends_with('/')) joined += '/';
  return joined.append(path);
}

}  // namespace fectl::base
