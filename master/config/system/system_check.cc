#include "master/config/system/system_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/config/system/worker_check.h"
#include "master/platform/credentials/accounts.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/process/command_path.h"
#include "master/platform/process/companion_program.h"
#include "proto_spec/base/path.h"

namespace fectl::config {
namespace {

constexpr char kUsualPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// As the databases are asked: a number in digits, else the name; empty: not configured.
std::string Asked(const std::optional<Account>& account) {
  if (!account.has_value()) return "";
  return account->id.has_value() ? absl::StrCat(*account->id) : account->name;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

std::optional<Identity> Resolve(const std::optional<Account>& uid, const std::optional<Account>& gid,
                                const std::string& label, LoadResult* result) {
  std::optional<platform::Account> user;
  // One after the other, so that both can be told in one run, each at its own key.
  bool failed = false;
  if (uid.has_value()) {
    absl::StatusOr<std::optional<platform::Account>> found = platform::LookUpUser(Asked(uid));
    if (found.ok()) {
      user = *std::move(found);
    } else {
      result->Add(label + ".uid", Message(found.status()));
      failed = true;
    }
  }
  if (gid.has_value()) {
    const absl::StatusOr<gid_t> found = platform::LookUpGroup(Asked(gid));
    if (!found.ok()) {
      result->Add(label + ".gid", Message(found.status()));
      failed = true;
    }
  }
  if (failed) return std::nullopt;
  const absl::StatusOr<std::optional<platform::Identity>> resolved =
      platform::ResolveIdentity(Asked(uid), Asked(gid));
  if (!resolved.ok()) {
    result->Add(label + (uid.has_value() ? ".uid" : ".gid"), Message(resolved.status()));
    return std::nullopt;
  }
  if (!resolved->has_value()) return std::nullopt;
  Identity identity;
  identity.uid = (*resolved)->uid;
  identity.gid = (*resolved)->gid;
  identity.groups.assign((*resolved)->groups.begin(), (*resolved)->groups.end());
  if (uid.has_value()) {
    // Nothing of who fectld is may be left: a number without an entry is its own name.
    identity.user_name = user.has_value() ? user->name : Asked(uid);
    identity.home = user.has_value() && !user->home.empty() ? user->home : "/";
    identity.shell = user.has_value() && !user->shell.empty() ? user->shell : "/bin/sh";
  }
  return identity;
}

void ResolveSocketFile(const std::string& label, SocketConfig* socket, LoadResult* result) {
  if (socket->owner.has_value()) {
    if (socket->owner->id.has_value()) {
      socket->owner_id = socket->owner->id;
    } else {
      const absl::StatusOr<std::optional<platform::Account>> owner =
          platform::LookUpUser(socket->owner->name);
      if (owner.ok() && owner->has_value()) {
        socket->owner_id = (*owner)->uid;
      } else {
        result->Add(label + ".owner", Message(owner.status()));
      }
    }
  }
  if (socket->group.has_value()) {
    const absl::StatusOr<gid_t> group = platform::LookUpGroup(Asked(socket->group));
    if (group.ok()) {
      socket->group_id = *group;
    } else {
      result->Add(label + ".group", Message(group.status()));
    }
  }
}

void ResolveGrants(std::vector<Grant>* grants, LoadResult* result) {
  for (Grant& grant : *grants) {
    grant.id = grant.account.id;
    if (grant.id.has_value()) continue;
    if (grant.group) {
      const absl::StatusOr<gid_t> found = platform::LookUpGroup(grant.account.name);
      if (found.ok()) {
        grant.id = *found;
      } else {
        result->Add("master.allow", Message(found.status()));
      }
      continue;
    }
    const absl::StatusOr<std::optional<platform::Account>> found = platform::LookUpUser(grant.account.name);
    if (found.ok() && found->has_value()) {
      grant.id = (*found)->uid;
    } else {
      result->Add("master.allow", Message(found.status()));
    }
  }
}

// Why nobody can change to it, or nothing.
std::string WhatIsWrongWithDirectory(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0)
    return absl::StrCat("there is no directory ", path, ": ", strerror(errno));
  if (!S_ISDIR(status.st_mode)) return absl::StrCat(path, " is not a directory");
  return "";
}

void CheckFileFolder(const MasterConfig& master, const std::string& path, const std::string& key,
                     bool only_warn, LoadResult* result) {
  if (path.empty()) return;
  const std::string whole = base::JoinPath(master.directory, path);
  const size_t slash = whole.rfind('/');
  if (slash == std::string::npos || slash == 0) return;
  const std::string wrong = WhatIsWrongWithDirectory(whole.substr(0, slash));
  if (!wrong.empty()) result->Add(key, wrong, only_warn);
}

void CheckRunProgram(const ServiceConfig& service, const std::string& label, LoadResult* result) {
  if (!service.foreign()) return;
  const auto found = platform::FindExecutable(RunProgram(), "", "/");
  if (found.ok()) return;
  const char* const key = service.ready ? ".ready" : service.watchdog ? ".watchdog" : ".stop_signal";
  result->Add(label + key,
              absl::StrCat("needs fectl-run, which is installed beside fectld: ", Message(found.status())),
              /*warning=*/true);
}

}  // namespace

std::string WorkerPath(const ServiceConfig& service) {
  for (const auto& [name, value] : service.environ) {
    if (name == "PATH") return value;
  }
  const auto& passed = service.environ_passed;
  const bool own_is_wanted = std::find(passed.begin(), passed.end(), "PATH") != passed.end();
  for (const auto& [name, value] : service.environ_from_files) {
    if (name == "PATH" && !own_is_wanted) return value;
  }
  const char* own = secure_getenv("PATH");  // none where the caller has fewer rights than we
  return own != nullptr && *own != '\0' ? own : kUsualPath;
}

std::string RunProgram() {
  return platform::CompanionProgram("fectl-run", "worker_sdk/run");
}

std::string WorkerDirectory(const MasterConfig& master, const ServiceConfig& service) {
  const std::string directory = base::JoinPath(master.directory, service.directory);
  return directory.empty() ? "." : directory;
}

void ResolveAccounts(LoadResult* result) {
  Config& config = result->config;
  config.master.identity = Resolve(config.master.uid, config.master.gid, "master", result);
  ResolveGrants(&config.master.allow, result);
  for (size_t i = 0; i < config.sockets.size(); ++i) {
    ResolveSocketFile(result->socket_labels[i], &config.sockets[i], result);
  }
  for (size_t i = 0; i < config.services.size(); ++i) {
    ServiceConfig& service = config.services[i];
    service.identity = Resolve(service.uid, service.gid, result->service_labels[i], result);
    // A group alone leaves the user, which is the one that the master will be.
    const bool same_user = service.identity.has_value() && !service.uid.has_value();
    if (same_user && config.master.identity.has_value()) service.identity->uid = config.master.identity->uid;
  }
  result->SortProblems();
}

void CheckSystem(bool only_warn, LoadResult* result) {
  const MasterConfig& master = result->config.master;
  if (!master.directory.empty()) {
    const std::string wrong = WhatIsWrongWithDirectory(master.directory);
    if (!wrong.empty()) {
      result->Add("master.directory", wrong, only_warn);
      // Whatever is relative to it would be told to be missing, too.
      result->SortProblems();
      return;
    }
  }
  CheckWorkers(result);
  CheckFileFolder(master, master.sock, "master.sock", only_warn, result);
  CheckFileFolder(master, master.pid, "master.pid", only_warn, result);
  CheckFileFolder(master, master.stdout_path, "master.stdout", only_warn, result);
  CheckFileFolder(master, master.stderr_path, "master.stderr", only_warn, result);
  if (result->config.logging.target == LogTarget::kFile) {
    CheckFileFolder(master, result->config.logging.name, "logging.name", only_warn, result);
  }
  // What a service lacks keeps that service from starting, and no other.
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    CheckFileFolder(master, result->config.sockets[i].path, result->socket_labels[i] + ".path",
                    /*only_warn=*/true, result);
  }
  for (size_t i = 0; i < result->config.services.size(); ++i) {
    const ServiceConfig& service = result->config.services[i];
    const std::string& label = result->service_labels[i];
    CheckFileFolder(master, service.stdout_path, label + ".stdout", /*only_warn=*/true, result);
    CheckFileFolder(master, service.stderr_path, label + ".stderr", /*only_warn=*/true, result);
    const std::string directory = WorkerDirectory(master, service);
    const std::string wrong = service.directory.empty() ? "" : WhatIsWrongWithDirectory(directory);
    if (!wrong.empty()) {
      result->Add(label + ".directory", wrong, /*warning=*/true);
    } else if (!service.command.empty()) {
      const absl::StatusOr<std::string> program =
          platform::FindExecutable(service.command.front(), WorkerPath(service), directory);
      if (!program.ok()) result->Add(label + ".command", Message(program.status()), /*warning=*/true);
    }
    CheckRunProgram(service, label, result);
  }
  result->SortProblems();
}

}  // namespace fectl::config
