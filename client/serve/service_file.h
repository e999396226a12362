#ifndef FECTL_CLIENT_SERVE_SERVICE_FILE_H_
#define FECTL_CLIENT_SERVE_SERVICE_FILE_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::client {

// The name of the service that serves the application.
inline constexpr char kServedName[] = "web";

// One service of Python workers, as a fectld.toml says it.
struct ServiceFile {
  std::string kind;                    // "asgi", "wsgi" or "aiohttp": the `app` of the socket
  std::vector<std::string> arguments;  // of the socket
  std::string host;
  int port = 0;
  int workers = 1;
  std::string python;  // a path
  std::string loop;    // empty: the worker's default
  std::string directory;
  std::vector<std::string> environ;  // "NAME=value", or "NAME" for a variable of fectld's own
};

// The sections [[socket]] and [[service]], with a comment that says what to do with them. Pure.
std::string ServiceFileText(const ServiceFile& file);

// Whether one of the arguments is NAME=…, also written --NAME=… or with dashes in the name.
bool HasArgument(const std::vector<std::string>& arguments, std::string_view name);

// The section [master] for a fectld whose control socket is to be there.
std::string MasterSection(std::string_view socket_path);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_SERVICE_FILE_H_
