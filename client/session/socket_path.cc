#include "client/session/socket_path.h"

#include <unistd.h>

#include <string_view>

#include "proto_spec/base/path.h"

namespace fectl::client {
namespace {

bool IsThere(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

std::string FromDirectory(std::string_view path, const std::string& directory) {
  if (path.starts_with("./") && !directory.empty()) path.remove_prefix(2);
  return base::JoinPath(directory, path);
}

}  // namespace

std::string SocketPath(const std::string& given, const std::string& from_environment,
                       const std::string& caller_directory, const std::string& system_socket) {
  if (!given.empty()) return FromDirectory(given, caller_directory);
  if (!from_environment.empty()) return FromDirectory(from_environment, caller_directory);
  const std::string path = FromDirectory(kDefaultSocket, caller_directory);
  return !IsThere(path) && IsThere(system_socket) ? system_socket : path;
}

}  // namespace fectl::client
