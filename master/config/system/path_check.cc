#include "master/config/system/path_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "master/platform/credentials/acting_as.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/files/output_file.h"
#include "master/platform/files/pid_file.h"
#include "master/platform/sockets/listeners.h"
#include "master/platform/sockets/unix_listener.h"
#include "proto_spec/base/path.h"

namespace fectl::config {
namespace {

std::string Whole(const MasterConfig& master, const std::string& path) {
  return base::JoinPath(master.directory, path);
}

struct File {
  std::string key;
  std::string path;
};

// The files that are opened, and made where they are missing, after the switch of user.
std::vector<File> Outputs(const LoadResult& result) {
  const Config& config = result.config;
  std::vector<File> files = {{"master.stdout", config.master.stdout_path},
                             {"master.stderr", config.master.stderr_path}};
  if (config.logging.target == LogTarget::kFile) files.push_back({"logging.name", config.logging.name});
  for (size_t i = 0; i < config.services.size(); ++i) {
    files.push_back({result.service_labels[i] + ".stdout", config.services[i].stdout_path});
    files.push_back({result.service_labels[i] + ".stderr", config.services[i].stderr_path});
  }
  std::vector<File> configured;
  for (File& file : files) {
    if (file.path.empty()) continue;
    file.path = Whole(config.master, file.path);
    configured.push_back(std::move(file));
  }
  return configured;
}

std::optional<platform::Identity> IdentityOf(const MasterConfig& master) {
  if (!master.identity.has_value()) return std::nullopt;
  return platform::Identity{master.identity->uid,
                            master.identity->gid,
                            {master.identity->groups.begin(), master.identity->groups.end()}};
}

bool HasFolder(const std::string& path) {
  struct stat status = {};
  return stat(platform::FolderOf(path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void Note(const std::string& key, const absl::Status& status, LoadResult* result) {
  if (!status.ok()) result->Add(key, std::string(status.message()), /*warning=*/true);
}

platform::ListenSpec SpecOf(const SocketConfig& socket) {
  platform::ListenSpec spec;
  spec.protocol = socket.proto == SocketProto::kTcp6 ? platform::ListenSpec::Protocol::kTcp6
                                                     : platform::ListenSpec::Protocol::kTcp4;
  spec.host = socket.host;
  spec.port = socket.port;
  return spec;
}

void CheckSockets(LoadResult* result) {
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    const SocketConfig& socket = result->config.sockets[i];
    const std::string& label = result->socket_labels[i];
    if (socket.from_systemd) continue;
    if (socket.proto != SocketProto::kUnix) {
      Note(HostKey(label, *result), platform::Listener::CheckHost(SpecOf(socket)), result);
      continue;
    }
    const std::string path = Whole(result->config.master, socket.path);
    if (!path.empty() && HasFolder(path))
      Note(label + ".path", platform::UnixListener::CheckFile(path), result);
  }
}

}  // namespace

void CheckOpenings(LoadResult* result) {
  if (!result->ok()) return;  // values that are wrong have been told
  const MasterConfig& master = result->config.master;
  const std::string sock = Whole(master, master.sock);
  if (HasFolder(sock)) Note("master.sock", platform::UnixListener::CheckFile(sock), result);
  const std::string pid = Whole(master, master.pid);
  if (!master.pid.empty() && HasFolder(pid)) Note("master.pid", platform::PidFile::CheckFile(pid), result);
  CheckSockets(result);
  const std::optional<platform::Identity> identity = IdentityOf(master);
  const platform::ActingAs later(identity.has_value() ? &*identity : nullptr);
  for (const File& file : Outputs(*result)) {
    if (HasFolder(file.path)) Note(file.key, platform::CheckOutputFile(file.path), result);
  }
  result->SortProblems();
}

void CheckLaterOpenings(LoadResult* result) {
  const MasterConfig& master = result->config.master;
  const std::optional<platform::Identity> identity = IdentityOf(master);
  if (!result->ok() || !identity.has_value() || identity->uid == 0 || geteuid() != 0) return;
  std::vector<File> files = Outputs(*result);
  files.push_back({"master.sock", Whole(master, master.sock)});
  if (!master.pid.empty()) files.push_back({"master.pid", Whole(master, master.pid)});
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    const std::string& path = result->config.sockets[i].path;
    if (!path.empty() && !result->config.sockets[i].from_systemd)
      files.push_back({result->socket_labels[i] + ".path", Whole(master, path)});
  }
  const std::string user =
      master.identity->user_name.empty() ? absl::StrCat("user ", identity->uid) : master.identity->user_name;
  const platform::ActingAs later(&*identity);
  for (const File& file : files) {
    if (absl::StartsWith(file.path, "/dev/") || absl::StartsWith(file.path, "/proc/")) continue;
    const std::string folder = platform::FolderOf(file.path);
    if (!HasFolder(file.path) || platform::MayMakeFilesIn(folder)) continue;
    result->Add(file.key,
                absl::StrCat("cannot be made anew once it is moved or removed: fectld becomes ", user,
                             ", and that user may not make files in ", folder,
                             "; put it into a folder of that user's"),
                /*warning=*/true);
  }
  result->SortProblems();
}

}  // namespace fectl::config
