#include "master/config/system/worker_check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "master/config/system/system_check.h"
#include "master/platform/credentials/capabilities.h"
#include "master/platform/process/command_path.h"
#include "master/platform/process/exec_limits.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/environment.h"

namespace fectl::config {
namespace {

using platform::CapabilitySet;
using platform::NamesOf;
using platform::SetOf;

// What fectld is when it switches.
struct Rights {
  uint32_t uid = 0;
  uint32_t gid = 0;
  CapabilitySet capabilities = 0;

  std::string Words() const { return absl::StrCat("fectld, running as user ", uid, ","); }
};

Rights Present() {
  return {geteuid(), getegid(), platform::GetHeldCapabilities().effective};
}

// After the switch that [master] asks for.
Rights After(const std::optional<Identity>& identity, Rights rights) {
  if (!identity.has_value()) return rights;
  if (identity->uid != rights.uid && identity->uid != 0) rights.capabilities = 0;
  rights.uid = identity->uid;
  rights.gid = identity->gid;
  return rights;
}

void CheckMaySwitch(const Rights& by, const std::optional<Identity>& identity, const std::string& label,
                    LoadResult* result) {
  if (!identity.has_value()) return;
  const bool user = identity->uid != by.uid;
  if (!user && identity->gid == by.gid) return;
  CapabilitySet needed = SetOf(CAP_SETGID) | (user ? SetOf(CAP_SETUID) : 0);
  if (user && label == "master") needed |= SetOf(CAP_CHOWN);  // of the control socket and the pid file
  const std::string key = label + (user ? ".uid" : ".gid");
  if (const CapabilitySet missing = needed & ~by.capabilities; missing != 0) {
    result->Add(
        key,
        absl::StrCat(by.Words(), " cannot switch to another user or group: it needs to be root, or to have ",
                     NamesOf(missing)),
        /*warning=*/true);
  } else if (user && label != "master" && (by.capabilities & SetOf(CAP_KILL)) == 0) {
    result->Add(key,
                absl::StrCat(by.Words(),
                             " can start these workers, but neither stop nor kill them: it needs CAP_KILL"),
                /*warning=*/true);
  }
}

void CheckCapabilities(const Rights& by, const ServiceConfig& service, const std::string& label,
                       LoadResult* result) {
  if (!service.capabilities.has_value()) return;
  if (const CapabilitySet missing = *service.capabilities & ~by.capabilities; missing != 0) {
    result->Add(label + ".capabilities",
                absl::StrCat(by.Words(), " has not ", NamesOf(missing),
                             ": its workers cannot have it, and will not start"),
                /*warning=*/true);
  }
  const uint32_t uid = service.identity.has_value() ? service.identity->uid : by.uid;
  if (uid == 0 && !service.no_new_privileges) {
    result->Add(label + ".capabilities",
                "means nothing for workers that run as root with no_new_privileges = false: root gets all "
                "capabilities back by executing a program",
                /*warning=*/true);
  }
}

// Adds up what execve() copies for the workers of one service.
class ExecSizes {
 public:
  ExecSizes(const ServiceConfig& service, const std::string& label, LoadResult* result)
      : service_(service), label_(label), result_(*result) {}

  // `what` is `bytes` long with its terminating zero.
  void Count(const std::string& key, const std::string& what, size_t bytes) {
    total_ += bytes + sizeof(char*);
    if (bytes <= platform::ExecStringBytesMax()) return;
    told_ = true;
    result_.Add(
        key,
        absl::StrCat(what, " takes ", bytes, " bytes, and Linux allows ", platform::ExecStringBytesMax(),
                     ": workers of ", service_.name, " will not start"),
        /*warning=*/true);
  }
  void Variable(const std::string& key, const std::string& name, const std::string& value) {
    Count(key, name, name.size() + value.size() + 2);
  }
  void Sum() {
    if (told_ || total_ <= platform::ExecBytesMax()) return;
    result_.Add(label_ + ".environ",
                absl::StrCat("the variables and the command of a worker take ", total_,
                             " bytes together, and Linux allows ", platform::ExecBytesMax(),
                             " (a quarter of the limit of the stack): workers will not start"),
                /*warning=*/true);
  }

 private:
  const ServiceConfig& service_;
  const std::string& label_;
  LoadResult& result_;
  size_t total_ = 0;
  bool told_ = false;
};

void CheckVariables(const ServiceConfig& service, const std::string& label, LoadResult* result) {
  ExecSizes sizes(service, label, result);
  for (const std::string& word : service.command) {
    sizes.Count(label + ".command", "one of its words", word.size() + 1);
  }
  for (const auto& [name, value] : service.environ) sizes.Variable(label + ".environ", name, value);
  for (const auto& [name, value] : service.environ_from_files) {
    sizes.Variable(label + ".env_file", name, value);
  }
  for (const std::string& name : service.environ_passed) {
    const char* const value = secure_getenv(name.c_str());
    if (value != nullptr) {
      sizes.Variable(label + ".environ", name, value);
    } else {
      result->Add(label + ".environ", name + " is not set here, so workers do not get it either",
                  /*warning=*/true);
    }
  }
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    const SocketConfig& socket = result->config.sockets[i];
    if (!socket.IsFor(service.name)) continue;
    const std::string& of_socket = result->socket_labels[i];
    if (socket.app.has_value()) {
      sizes.Variable(of_socket + ".app", proto::kAppVariablePrefix + socket.name, *socket.app);
    }
    if (!socket.arguments.empty()) {
      sizes.Variable(of_socket + ".arguments", proto::kArgumentsVariablePrefix + socket.name,
                     proto::FormatArguments(socket.arguments));
    }
  }
  sizes.Sum();
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The interpreter that the first line of a script names; empty for other programs.
std::string InterpreterOf(const std::string& path) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  char start[256];
  const ssize_t bytes = fd.valid() ? read(fd.get(), start, sizeof start) : -1;
  if (bytes < 2 || start[0] != '#' || start[1] != '!') return "";
  const std::string line(start + 2, static_cast<size_t>(bytes) - 2);
  const std::vector<std::string> words =
      absl::StrSplit(line.substr(0, line.find('\n')), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.empty()) return "";
  return BaseName(words[0]) == "env" && words.size() > 1 ? words[1] : words[0];
}

// The shell that `path` is, also by another name. Empty where it is none of those that drop the variables
// whose names they cannot use. (bash hands them on.)
std::string DroppingShell(const std::string& path) {
  static constexpr std::string_view kShells[] = {"dash", "ash", "busybox", "ksh", "ksh93", "mksh", "sh"};
  char whole[PATH_MAX];
  const std::string name = BaseName(realpath(path.c_str(), whole) != nullptr ? whole : path);
  return std::find(std::begin(kShells), std::end(kShells), name) != std::end(kShells) ? name : "";
}

std::string ShellOf(const MasterConfig& master, const ServiceConfig& service) {
  if (service.command.empty()) return "";
  const absl::StatusOr<std::string> program = platform::FindExecutable(
      service.command.front(), WorkerPath(service), WorkerDirectory(master, service));
  if (!program.ok()) return "";
  const std::string interpreter = InterpreterOf(*program);
  if (interpreter.empty()) return DroppingShell(*program);
  const absl::StatusOr<std::string> found = platform::FindExecutable(interpreter, WorkerPath(service), "/");
  return DroppingShell(found.ok() ? *found : interpreter);
}

// Whether it can be a part of a shell's variable's name.
bool IsShellName(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

void CheckSocketNames(const ServiceConfig& service, LoadResult* result) {
  if (service.foreign()) return;     // fectl-run hands the sockets over without such variables
  std::optional<std::string> shell;  // looked for when it matters
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    const SocketConfig& socket = result->config.sockets[i];
    if (!socket.IsFor(service.name) || IsShellName(socket.name)) continue;
    if (!shell.has_value()) shell = ShellOf(result->config.master, service);
    if (shell->empty()) return;
    result->Add(
        result->socket_labels[i] + ".name",
        absl::StrCat("workers of ", service.name, " are started through a shell, ", *shell,
                     ", which drops variables like ", proto::kSocketVariablePrefix, socket.name,
                     ": name the socket with letters, digits and _ alone, or start the program itself"),
        /*warning=*/true);
  }
}

}  // namespace

void CheckWorkers(LoadResult* result) {
  const MasterConfig& master = result->config.master;
  const Rights present = Present();
  CheckMaySwitch(present, master.identity, "master", result);
  const Rights rights = After(master.identity, present);
  for (size_t i = 0; i < result->config.services.size(); ++i) {
    const ServiceConfig& service = result->config.services[i];
    const std::string& label = result->service_labels[i];
    CheckMaySwitch(rights, service.identity, label, result);
    CheckCapabilities(rights, service, label, result);
    CheckVariables(service, label, result);
    CheckSocketNames(service, result);
  }
}

}  // namespace fectl::config
