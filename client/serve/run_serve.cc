#include "client/serve/run_serve.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/command_line/command_line.h"
#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/process/child.h"
#include "client/process/signals.h"
#include "client/serve/application.h"
#include "client/serve/passed_environment.h"
#include "client/serve/private_folder.h"
#include "client/serve/programs.h"
#include "client/serve/service_file.h"
#include "client/serve/serving.h"
#include "client/watch/reload_command.h"
#include "client/watch/reloader.h"
#include "client/watch/tree_watch.h"
#include "proto_spec/base/path.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

std::string Variable(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> Variables() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  return all;
}

// The absolute path of a folder; NotFound.
absl::StatusOr<std::string> FolderAt(const std::string& path, const std::string& directory) {
  const std::string given = base::JoinPath(directory, path.empty() ? "." : path);
  char resolved[PATH_MAX];
  if (realpath(given.c_str(), resolved) != nullptr) return std::string(resolved);
  const std::string text = "there is no folder " + base::EscapeForTerminal(given);
  return absl::NotFoundError(absl::string_view(text.data(), text.size()));
}

// The service that is asked for, when everything about it is known.
absl::StatusOr<ServiceFile> Plan(const Context& context) {
  const ServeOptions& options = context.invocation.serve;
  const absl::StatusOr<std::string> caller = FolderAt("", context.directory);
  if (!caller.ok()) return caller.status();
  const absl::StatusOr<std::string> folder = FolderAt(options.app_dir, *caller);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<std::string> python =
      FindProgram(options.python.empty() ? "python3" : options.python, *caller, Variable("PATH"));
  if (!python.ok()) return python.status();
  const std::vector<std::string> variables = Variables();
  const std::vector<std::string> own =
      OwnVariables(variables, FindPythonSite(context.program), options.watch);
  const std::vector<std::string>& operands = context.invocation.operands;
  const absl::StatusOr<Application> application =
      Inspect({.arguments = {*python}, .environment = own, .directory = *folder}, operands[0], options.kind);
  if (!application.ok()) return application.status();
  if (options.threads > 0 && application->kind != "wsgi") {
    const std::string wrong =
        "--threads is for a WSGI application, and " + operands[0] + " is " + application->kind;
    return absl::InvalidArgumentError(absl::string_view(wrong.data(), wrong.size()));
  }
  ServiceFile file = {.kind = application->kind,
                      .arguments = {application->argument},
                      .host = options.host,
                      .port = options.port,
                      .workers = options.workers,
                      .python = *python,
                      .loop = options.loop,
                      .directory = *folder,
                      .environ = PassedEnvironment(variables, own)};
  std::vector<std::string>& arguments = file.arguments;
  if (options.threads > 0) arguments.push_back("threads=" + std::to_string(options.threads));
  arguments.insert(arguments.end(), operands.begin() + 1, operands.end());
  if (!HasArgument(arguments, "access_log")) arguments.emplace_back("access_log=-");
  return file;
}

// Where the control socket is to be: the master is started in another directory than this program.
std::string SocketFor(const Context& context, const PrivateFolder& folder) {
  if (context.invocation.sock.empty()) return folder.socket_path();
  return base::JoinPath(FolderAt("", context.directory).value_or("."), context.socket_path);
}

int FailToPlan(const Context& context, const absl::Status& why) {
  if (absl::IsInvalidArgument(why)) return Fail(context, why);
  if (!why.message().empty()) return Fail(context, kFailed, std::string(why.message()));
  // Python has said it.
  if (context.invocation.json)
    context.output.Out(ErrorJson(kFailed, "the application cannot be loaded; standard error says why"));
  return kFailed;
}

}  // namespace

int RunServe(const Context& context) {
  const ServeOptions& options = context.invocation.serve;
  const absl::StatusOr<ServiceFile> file = Plan(context);
  if (!file.ok()) return FailToPlan(context, file.status());
  const std::string text = ServiceFileText(*file);
  if (options.print && context.invocation.json) {
    return Fail(context, kUsage, "--print writes a fectld.toml, which is no JSON: leave out --json");
  }
  if (!context.invocation.json) context.output.Out(text);
  if (options.print) return kDone;
  const absl::StatusOr<std::string> program =
      FindMaster(context.program, FolderAt("", context.directory).value_or("."), Variable("PATH"));
  if (!program.ok()) return Fail(context, kFailed, std::string(program.status().message()));
  // Before there is a folder, which is to be removed whatever signal comes, and until it is removed.
  absl::StatusOr<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  const absl::StatusOr<PrivateFolder> folder =
      PrivateFolder::Make({Variable("XDG_RUNTIME_DIR"), Variable("TMPDIR"), "/tmp"});
  if (!folder.ok()) return Fail(context, kFailed, std::string(folder.status().message()));
  const std::string sock = SocketFor(context, *folder);
  absl::Status written = folder->WriteConfig(text + MasterSection(sock));
  if (!written.ok()) return Fail(context, written);
  std::optional<Reloader> reloader;
  if (options.watch) {
    absl::StatusOr<TreeWatch> watch = TreeWatch::Create({"."}, file->directory);
    if (!watch.ok()) return Fail(context, kFailed, std::string(watch.status().message()));
    reloader.emplace(*std::move(watch), ReloadCommand(context, sock, "reload", kServedName), &context.output);
  }
  absl::StatusOr<Child> master = Child::Start(
      {.arguments = {*program, "-c", folder->config_path()}, .directory = file->directory, .is_apart = true});
  if (!master.ok()) return Fail(context, kFailed, std::string(master.status().message()));
  const Served served = {.kind = file->kind,
                         .workers = options.workers,
                         .is_https = HasArgument(file->arguments, "certfile"),
                         .socket_path = sock};
  return Serving(context, served, *signals, *std::move(master), std::move(reloader)).Run();
}

}  // namespace fectl::client
