#ifndef FECTL_CLIENT_SERVE_APPLICATION_H_
#define FECTL_CLIENT_SERVE_APPLICATION_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/process/child.h"

namespace fectl::client {

// What MODULE:NAME stands for.
struct Application {
  std::string kind;      // "asgi", "wsgi" or "aiohttp"
  std::string argument;  // how a socket's `arguments` name it: "app=shop:app", "factory=shop:make_app"
};

// What the line of `python3 -m fectl_worker inspect` says; nullopt: it is no such line.
std::optional<Application> ParseApplication(std::string_view answer);

// `name` does not begin with a dash. Asks a Python that is run as `program` says, whose arguments are its
// path alone. It loads the application, which may take long. It writes itself to standard error what is wrong
// with the application: then the status has no message.
absl::StatusOr<Application> Inspect(Program program, const std::string& name, const std::string& kind);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_APPLICATION_H_
