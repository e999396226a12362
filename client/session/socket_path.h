#ifndef FECTL_CLIENT_SESSION_SOCKET_PATH_H_
#define FECTL_CLIENT_SESSION_SOCKET_PATH_H_

#include <string>

namespace fectl::client {

inline constexpr char kDefaultSocket[] = "./fectld.sock";

// Where a fectld that the whole machine has is found from every directory.
inline constexpr char kSystemSocket[] = "/run/fectl/fectld.sock";

// Where the control socket is: `given` (the value of --sock) if it is not empty, else `from_environment`
// ($FECTL_SOCK), else ./fectld.sock, or `system_socket` if that exists and ./fectld.sock does not. A relative
// path is taken from `caller_directory` if that is not empty
// (`bazel run` starts programs elsewhere and names the caller's directory in $BUILD_WORKING_DIRECTORY).
std::string SocketPath(const std::string& given, const std::string& from_environment,
                       const std::string& caller_directory, const std::string& system_socket = kSystemSocket);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_SOCKET_PATH_H_
