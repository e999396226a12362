#include "client/socket_path.h"

namespace fectl::client {

std::string SocketPath(const std::string& given, const std::string& from_environment,
                       const std::string& caller_directory) {
  std::string path = !given.empty() ? given : !from_environment.empty() ? from_environment : kDefaultSocket;
  if (path.front() == '/' || caller_directory.empty()) return path;
  if (path.starts_with("./")) path.erase(0, 2);
  return caller_directory + (caller_directory.ends_with('/') ? "" : "/") + path;
}

}  // namespace fectl::client
