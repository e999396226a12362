#include "client/session/socket_path.h"

#include <unistd.h>

namespace fectl::client {
namespace {

bool IsThere(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

std::string FromDirectory(std::string path, const std::string& directory) {
  if (path.front() == '/' || directory.empty()) return path;
  if (path.starts_with("./")) path.erase(0, 2);
  return directory + (directory.ends_with('/') ? "" : "/") + path;
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
