#include "client/init/run_init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/command_line/command_line.h"
#include "client/exit_code.h"
#include "client/init/findings.h"
#include "client/init/init_text.h"
#include "client/json_text.h"
#include "client/serve/application.h"
#include "client/serve/passed_environment.h"
#include "client/serve/programs.h"
#include "proto_spec/base/path.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

constexpr char kFile[] = "fectld.toml";
constexpr size_t kOthersMax = 5;

// What was found, and what is to be written for it.
struct Choice {
  Proposal proposal;
  std::string found;                // in words
  std::vector<std::string> others;  // what else could be meant
};

absl::Status Refusal(const std::string& text) {
  return absl::NotFoundError(absl::string_view(text.data(), text.size()));
}

std::string Variable(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

// "an ASGI application", with the name of its framework where that is known.
std::string KindInWords(const std::string& kind, const std::string& framework) {
  const std::string shown = kind == "aiohttp" ? "aiohttp" : kind == "asgi" ? "ASGI" : "WSGI";
  if (framework.empty() || framework == "aiohttp") return shown + " application";
  return framework + " application (" + shown + ")";
}

// The Python that runs it, as the file is to name it: that of the folder's virtual environment stays
// relative, so that the folder can be moved.
absl::StatusOr<std::string> Python(const Context& context, const Findings& found) {
  const std::string& asked = context.invocation.serve.python;
  if (asked.empty() && !found.python.empty()) return found.python;
  return FindProgram(asked.empty() ? "python3" : asked, context.directory, Variable("PATH"));
}

absl::StatusOr<Choice> ForApplication(const Context& context, const Findings& found,
                                      const PythonFinding& application) {
  const absl::StatusOr<std::string> python = Python(context, found);
  if (!python.ok()) return python.status();
  std::vector<std::string> variables;
  const std::string path = Variable("PYTHONPATH");
  const std::string modules = application.is_in_src ? "src" + (path.empty() ? "" : ":" + path) : path;
  if (!modules.empty()) variables.push_back("PYTHONPATH=" + modules);
  std::vector<std::string> own = OwnVariables(variables, FindPythonSite(context.program), false);
  if (own.empty()) own = variables;
  const std::string folder = context.directory.empty() ? "." : context.directory;
  const absl::StatusOr<Application> known =
      Inspect({.arguments = {base::JoinPath(folder, *python)}, .environment = own, .directory = folder},
              application.name, context.invocation.serve.kind);
  if (!known.ok()) {
    if (!known.status().message().empty()) return known.status();
    return Refusal(application.name +
                   " cannot be loaded, as is said above; another one is named by: fectl init MODULE:NAME");
  }
  Choice choice;
  choice.found = "the " + KindInWords(known->kind, application.framework) + " " + application.name;
  if (!application.file.empty()) choice.found += " in " + application.file;
  choice.found += ", run by " + *python;
  choice.proposal = {
      .what = "the " + KindInWords(known->kind, application.framework) + " " + application.name,
      .sockets = {{"http", context.invocation.serve.port}},
      .app = known->kind,
      .arguments = {known->argument},
      .command = {*python, "-m", "fectl_worker", "asyncio"},
      .environ = own};
  return choice;
}

Choice ForProgram(const Context& context, const Findings& found, const ProgramFinding& program) {
  Choice choice;
  const std::string kind = program.is_worker ? "the worker program " : "the program ";
  choice.found = kind + program.path;
  choice.proposal = {.what = choice.found, .command = {program.path}, .is_worker = program.is_worker};
  if (!program.is_worker) return choice;
  std::vector<std::string> names = found.sockets;
  if (names.empty()) names = {"http"};
  for (size_t i = 0; i < names.size(); ++i)
    choice.proposal.sockets.push_back({names[i], context.invocation.serve.port + static_cast<int>(i)});
  return choice;
}

// What the operands name.
absl::StatusOr<Choice> Named(const Context& context, const Findings& found) {
  const std::vector<std::string>& operands = context.invocation.operands;
  const std::string& name = operands[0];
  const auto known = std::ranges::find(found.applications, name, &PythonFinding::name);
  const bool is_python = name.find(':') != std::string::npos;
  absl::StatusOr<Choice> choice = Choice();
  if (is_python) {
    const bool was_found = known != found.applications.end();
    choice = ForApplication(context, found, was_found ? *known : PythonFinding{.name = name});
    if (!choice.ok()) return choice;
    auto& arguments = choice->proposal.arguments;
    arguments.insert(arguments.end(), operands.begin() + 1, operands.end());
    return choice;
  }
  // What is in this folder needs no "./".
  const std::string here = "./" + name;
  const bool is_plain = name.find('/') == std::string::npos;
  absl::StatusOr<std::string> program =
      FindProgram(is_plain ? here : name, context.directory, Variable("PATH"));
  const bool is_here = program.ok();
  if (is_plain && !is_here) program = FindProgram(name, context.directory, Variable("PATH"));
  if (!program.ok()) return program.status();
  const std::string path = is_plain ? (is_here ? here : *program) : name;
  choice = ForProgram(context, found, {.path = path, .is_worker = IsWorkerProgram(*program)});
  auto& command = choice->proposal.command;
  command.insert(command.end(), operands.begin() + 1, operands.end());
  return choice;
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < kOthersMax; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kOthersMax) text += ", ...";
  return text;
}

// What there is in the folder: an application before a worker program, and that before another program.
absl::StatusOr<Choice> Likeliest(const Context& context, const Findings& found) {
  std::vector<std::string> others;
  for (const PythonFinding& one : found.applications) others.push_back(one.name);
  const bool has_worker = !found.programs.empty() && found.programs[0].is_worker;
  for (const ProgramFinding& one : found.programs) {
    if (one.is_worker || !has_worker) others.push_back(one.path);
  }
  if (others.empty() && !found.sockets.empty()) {
    return Refusal(
        "C++ sources here use the worker SDK, and no program of theirs is built yet: build it, then name it: "
        "fectl init PROGRAM");
  }
  if (others.empty()) {
    return Refusal(
        "there is neither a Python application nor a program in this folder that fectl knows; name it: fectl "
        "init "
        "MODULE:NAME, or fectl init PROGRAM [ARGUMENT]...");
  }
  if (found.applications.empty() && !has_worker && others.size() > 1)
    return Refusal("there are several programs here: " + Listed(others) + "; name one: fectl init PROGRAM");
  absl::StatusOr<Choice> choice = found.applications.empty()
                                      ? ForProgram(context, found, found.programs[0])
                                      : ForApplication(context, found, found.applications[0]);
  others.erase(others.begin());
  if (choice.ok()) choice->others = std::move(others);
  return choice;
}

absl::Status Write(const std::string& path, const std::string& text, bool force) {
  // Nobody but its owner may write it: fectld would refuse it.
  const int how = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
  const base::UniqueFd file(open(path.c_str(), how, 0644));
  const std::string shown = base::EscapeForTerminal(path);
  if (!file.valid() && errno == EEXIST) {
    return Refusal(shown +
                   " is there already; --force replaces it, and --print only shows what would be written");
  }
  if (!file.valid()) return Refusal("cannot write " + shown + ": " + strerror(errno));
  for (size_t written = 0; written < text.size();) {
    const ssize_t now = write(file.get(), text.data() + written, text.size() - written);
    if (now < 0 && errno != EINTR) return Refusal("cannot write " + shown + ": " + strerror(errno));
    if (now > 0) written += static_cast<size_t>(now);
  }
  return absl::OkStatus();
}

// fectld as it is started from here.
std::string Master(const Context& context) {
  if (FindProgram("fectld", context.directory, Variable("PATH")).ok()) return "fectld";
  return FindMaster(context.program, context.directory, Variable("PATH")).value_or("fectld");
}

void Tell(const Context& context, const Choice& choice) {
  const Proposal& proposal = choice.proposal;
  std::string text = "Found " + choice.found + ".\n";
  if (!choice.others.empty())
    text += "Also here: " + Listed(choice.others) + "; fectl init NAME takes one of them instead.\n";
  text += "Wrote " + std::string(kFile) + ": service web, " + std::to_string(proposal.workers) +
          (proposal.workers == 1 ? " worker" : " workers");
  const std::string host =
      proposal.host.find(':') == std::string::npos ? proposal.host : "[" + proposal.host + "]";
  for (const ProposedSocket& socket : proposal.sockets)
    text += ", " + socket.name + " on " + host + ":" + std::to_string(socket.port);
  context.output.Out(base::EscapeForTerminal(text.substr(0, text.find('\n'))) + text.substr(text.find('\n')) +
                     ".\nNext: " + Master(context) + "    (then, in another terminal: fectl status)\n");
}

}  // namespace

int RunInit(const Context& context) {
  const ServeOptions& options = context.invocation.serve;
  if (options.print && context.invocation.json)
    return Fail(context, kUsage, "--print writes a fectld.toml, which is no JSON: leave out --json");
  const std::string path = base::JoinPath(context.directory, kFile);
  // Told before an application is loaded for nothing; what comes in between is noticed as well.
  if (!options.print && !context.invocation.force && access(path.c_str(), F_OK) == 0)
    return Fail(context, kFailed, std::string(Write(path, "", false).message()));
  const Findings found = LookThrough(context.directory);
  absl::StatusOr<Choice> choice =
      context.invocation.operands.empty() ? Likeliest(context, found) : Named(context, found);
  if (!choice.ok()) {
    const int code = absl::IsInvalidArgument(choice.status()) ? kUsage : kFailed;
    return Fail(context, code, std::string(choice.status().message()));
  }
  choice->proposal.host = options.host;
  choice->proposal.workers = options.workers;
  const std::string text = InitText(choice->proposal);
  if (options.print) {
    context.output.Out(text);
    return kDone;
  }
  const absl::Status written = Write(path, text, context.invocation.force);
  if (!written.ok()) return Fail(context, kFailed, std::string(written.message()));
  if (context.invocation.json) {
    context.output.Out(InitJson(path, choice->found, choice->others));
  } else {
    Tell(context, *choice);
  }
  return kDone;
}

}  // namespace fectl::client
