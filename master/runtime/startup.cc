#include "master/runtime/startup.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/print_toml.h"
#include "master/config/system/host_lookup.h"
#include "master/config/system/load_file.h"
#include "master/config/system/path_check.h"
#include "master/config/system/system_check.h"
#include "master/config/transport.h"
#include "master/evidence/examine.h"
#include "master/logger/log_server.h"
#include "master/platform/children/daemonize.h"
#include "master/platform/credentials/privileges.h"
#include "master/platform/files/pid_file.h"
#include "master/platform/files/standard_streams.h"
#include "master/platform/loop/clock.h"
#include "master/platform/loop/patience.h"
#include "master/platform/loop/signals.h"
#include "master/platform/notify/notify_socket.h"
#include "master/platform/process/process_limits.h"
#include "master/platform/sockets/passed_sockets.h"
#include "master/runtime/control/access.h"
#include "master/runtime/demonstration.h"
#include "master/runtime/limits.h"
#include "master/runtime/logs/log_settings.h"
#include "master/runtime/master.h"
#include "master/runtime/own_log/own_streams.h"
#include "proto_spec/version.h"

namespace fectl::runtime {
namespace {

constexpr char kTerminationLog[] = "/dev/termination-log";
constexpr char kDemonstration[] = "bazel-bin/testdata/demo/demo.toml";

void ChangeDirectory(const char* directory) {
  // A missing directory shows in the next step, with a name that people know.
  if (directory != nullptr && chdir(directory) != 0) return;
}

absl::Status EnterDirectory(const std::string& directory) {
  if (directory.empty() || chdir(directory.c_str()) == 0) return absl::OkStatus();
  return absl::InternalError("cannot change directory to " + directory + ": " + std::strerror(errno));
}

// All that can fail before the first worker is started, in the order that matters: the lock of the control
// socket before anything of another master could be disturbed; privileged ports before the privileges go; the
// files for output after that, as what is opened then can be opened anew later.
struct Prepared {
  std::optional<platform::PidFile> pid_file;
  std::unique_ptr<Master> master;
  std::string hint;  // what can be tried
};

// What `open` gives. A lock that a process holds which was killed, or is stopping, is free again in a moment.
template <typename Open>
auto AwaitLock(Open open) {
  const platform::Patience patience(kLeftoversMs);
  for (;;) {
    auto opened = open();
    if (!absl::IsAlreadyExists(opened.status()) || !patience.Wait()) return opened;
  }
}

// Where it is said why fectld ends: engines of containers offer a file for it.
std::string TerminationMessage(const config::MasterConfig& settings) {
  if (!settings.termination_message.empty()) return settings.termination_message;
  return getpid() == 1 && access(kTerminationLog, W_OK) == 0 ? kTerminationLog : "";
}

bool CanServe(const config::ServiceConfig& service, const ListenerSet& listeners) {
  const std::vector<SharedSocket>& sockets = listeners.shared();
  return std::all_of(sockets.begin(), sockets.end(), [&](const SharedSocket& socket) {
    return !SeesSocket(socket, service.name) || listeners.StateOf(socket.listener).ok();
  });
}

// One service that has not its sockets keeps no other from starting. Where no service has them, there is
// nothing to be started.
absl::Status CheckSockets(const config::Config& config, const ListenerSet& listeners) {
  for (const config::ServiceConfig& service : config.services) {
    if (CanServe(service, listeners)) return absl::OkStatus();
  }
  for (const SharedSocket& socket : listeners.shared()) {
    if (absl::Status state = listeners.StateOf(socket.listener); !state.ok()) return state;
  }
  return absl::OkStatus();
}

// The configuration with which fectld starts, and where it is from.
struct Loaded {
  config::Config config;
  std::string file;  // an absolute path
  std::vector<std::string> files;
  int64_t at_ns = 0;
  std::string directory;
  platform::NotifySocket notify = {};
  platform::PassedSockets passed = {};
};

// What applications of other configurations begin with.
void Keep(Loaded loaded, MasterParts* parts) {
  parts->config = std::move(loaded.config);
  parts->file = std::move(loaded.file);
  parts->files = std::move(loaded.files);
  parts->loaded_at_ns = loaded.at_ns;
  parts->start_directory = std::move(loaded.directory);
  parts->notify = std::move(loaded.notify);
}

absl::StatusOr<Prepared> Prepare(Loaded loaded, bool daemon) {
  config::Config& config = loaded.config;
  const config::MasterConfig& settings = config.master;
  if (absl::Status s = EnterDirectory(settings.directory); !s.ok()) return s;
  Prepared prepared;
  MasterParts parts;
  std::optional<platform::Identity> identity;
  if (settings.identity.has_value()) identity = ToPlatform(*settings.identity);
  const platform::Identity* const owner = identity.has_value() ? &*identity : nullptr;
  auto control = AwaitLock(
      [&] { return platform::ControlSocket::Open(settings.sock, FileFor(settings.allow, owner), owner); });
  if (!control.ok()) return control.status();
  parts.control = *std::move(control);
  parts.allow = settings.allow;
  if (!settings.pid.empty()) {
    auto pid_file = AwaitLock([&] { return platform::PidFile::Create(settings.pid); });
    if (!pid_file.ok()) return pid_file.status();
    prepared.pid_file.emplace(*std::move(pid_file));
  }
  auto listeners = ListenerSet::Open(config.sockets, std::move(loaded.passed));
  if (!listeners.ok()) return listeners.status();
  if (absl::Status s = CheckSockets(config, **listeners); !s.ok()) return s;
  parts.listeners = *std::move(listeners);
  auto open_files = platform::RaiseOpenFilesLimit();
  if (!open_files.ok()) return open_files.status();
  if (identity.has_value()) {
    if (absl::Status s = platform::SwitchIdentity(*identity); !s.ok()) return s;
  }
  auto streams = OwnStreams::Redirect(settings, daemon);
  if (!streams.ok()) return streams.status();
  parts.streams = *std::move(streams);
  auto log = LogOutput::Open(config.logging);
  if (!log.ok()) return log.status();
  parts.log = *std::move(log);
  if (absl::Status s = platform::ForbidInspection(); !s.ok()) return s;
  if (absl::Status s = platform::BecomeSubreaper(); !s.ok()) return s;
  auto signals = platform::Signals::Create();
  if (!signals.ok()) return signals.status();
  parts.signals = *std::move(signals);
  auto loop = platform::EventLoop::Create();
  if (!loop.ok()) return loop.status();
  parts.loop = *std::move(loop);
  Environment inherited = InheritedEnvironment(environ);
  if (settings.identity.has_value()) SetIdentityVariables(*settings.identity, &inherited);
  for (const config::ServiceConfig& service : config.services) {
    parts.services.push_back(
        {MakePolicy(service), MakeServicePlan(service, parts.listeners->shared(), inherited, *open_files)});
  }
  parts.log_surroundings =
      SurroundingsOf(config, daemon, secure_getenv("LOGS_DIRECTORY"), platform::OutputAndErrorDiffer());
  parts.termination_message = TerminationMessage(settings);
  Keep(std::move(loaded), &parts);
  parts.inherited = inherited;
  parts.open_files = *open_files;
  prepared.hint = DemonstrationHint(parts.services);
  prepared.master = std::make_unique<Master>(std::move(parts));
  if (absl::Status s = prepared.master->Watch(); !s.ok()) return s;
  return prepared;
}

int Fail(const absl::Status& status, std::optional<platform::StartReport>* report) {
  const std::string reason(status.message());
  if (report->has_value()) {
    (*report)->Failed(reason);
  } else {
    std::cerr << "fectld: " << reason << std::endl;
  }
  return kExitFailed;
}

int Serve(Loaded loaded, bool daemon, bool demonstrates) {
  std::optional<platform::StartReport> report;
  if (daemon) {
    auto daemonized = platform::Daemonize();
    if (!daemonized.ok()) return Fail(daemonized.status(), &report);
    if (auto* here = std::get_if<platform::StartedFromHere>(&*daemonized)) {
      if (!here->outcome.ok()) return Fail(here->outcome, &report);
      const std::string lost = WhatADaemonLoses(loaded.config);
      if (!lost.empty()) std::cerr << "fectld: warning: " << lost << std::endl;
      const LogSurroundings surroundings =
          SurroundingsOf(loaded.config, true, secure_getenv("LOGS_DIRECTORY"), false);
      const std::string folder = WhereLinesGo(loaded.config, surroundings);
      if (!folder.empty())
        std::cout << "fectld: the output of workers goes to files in " << folder << std::endl;
      return kExitStopped;
    }
    report.emplace(std::move(std::get<platform::StartReport>(*daemonized)));
  }
  auto prepared = Prepare(std::move(loaded), daemon);
  if (!prepared.ok()) return Fail(prepared.status(), &report);
  if (report.has_value()) report->Ready();
  if (demonstrates) prepared->master->SayWhatToTry(std::move(prepared->hint));
  const absl::Status served = prepared->master->Run();
  if (served.ok()) return prepared->master->exit_code();
  LOG(ERROR) << "fectld cannot go on: " << served.message();
  return kExitFailed;
}

// Addresses of hosts are looked up as they are when the configuration is read again. What cannot be found is
// told when the socket is opened.
Loaded AsStarted(config::LoadResult loaded, int64_t at_ns, platform::NotifySocket notify,
                 platform::PassedSockets passed) {
  config::ResolveHosts(/*only_warn=*/true, &loaded);
  const std::string directory = std::filesystem::current_path();
  const auto absolute = [&directory](const std::string& path) {
    return path.starts_with('/') ? path : directory + "/" + path;
  };
  std::vector<std::string> files;
  for (const std::string& path : loaded.files) files.push_back(absolute(path));
  if (files.empty()) files.push_back(absolute(loaded.file));
  return {std::move(loaded.config), absolute(loaded.file), std::move(files), at_ns, directory,
          std::move(notify),        std::move(passed)};
}

// What a running fectld starts to read a configuration, as the files, the databases of users and the DNS may
// be slow.
int Load(const std::string& file) {
  config::LoadResult loaded = config::LoadFile(file);
  config::ResolveAccounts(&loaded);
  config::ResolveHosts(/*only_warn=*/false, &loaded);
  config::CheckSystem(/*only_warn=*/false, &loaded);
  std::cout << config::EncodeLoaded(loaded) << std::endl;
  return loaded.ok() && std::cout.good() ? kExitStopped : kExitFailed;
}

}  // namespace

std::string DefaultConfig() {
  const char* workspace = secure_getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr || chdir(workspace) != 0) return "fectld.toml";
  return kDemonstration;
}

int Main(const CommandLine& line) {
  platform::IgnoreSignalsOfWriting();
  if (line.action == CommandLine::Action::kHelp) {
    std::cout << HelpText();
    return kExitStopped;
  }
  if (line.action == CommandLine::Action::kVersion) {
    std::cout << proto::kServerName << '\n';
    return kExitStopped;
  }
  if (absl::Status filled = platform::FillStandardStreams(); !filled.ok()) return kExitFailed;
  platform::PassedSockets passed = platform::PassedSockets::FromEnvironment();
  // Nothing but these is open of our own yet, and a daemon holds on to nothing else of its caller's.
  if (line.daemon) platform::CloseAllButStandardStreams(passed.numbers());
  if (line.action == CommandLine::Action::kLoad) return Load(line.config);
  if (line.action == CommandLine::Action::kExamine) return evidence::Examine(line.pid);
  if (line.action == CommandLine::Action::kLogServer) return logger::ServeLogs(line.link_fd, line.memory_fd);
  platform::NotifySocket notify = platform::NotifySocket::FromEnvironment();
  // `bazel run` starts programs in a folder of its own; paths are meant from where the caller stands.
  ChangeDirectory(secure_getenv("BUILD_WORKING_DIRECTORY"));
  const std::string file = line.config.empty() ? DefaultConfig() : line.config;
  const int64_t loaded_at_ns = platform::WallNanos();
  config::LoadResult loaded = config::LoadFile(file);
  config::ResolveAccounts(&loaded);
  config::CheckSystem(line.action != CommandLine::Action::kServe, &loaded);
  if (line.action == CommandLine::Action::kCheck) config::CheckOpenings(&loaded);
  // What is told from here on does not concern the start.
  const bool starts_as_meant = loaded.problems.empty();
  config::CheckLaterOpenings(&loaded);
  std::cerr << loaded.Describe();
  if (!loaded.ok()) return kExitUsage;
  switch (line.action) {
    case CommandLine::Action::kCheck:
      std::cout << loaded.file << ": the configuration is valid"
                << (loaded.problems.empty() ? "" : ", with warnings") << '\n';
      return line.strict && !starts_as_meant ? kExitFailed : kExitStopped;
    case CommandLine::Action::kPrintConfig:
      std::cout << config::PrintToml(loaded.config);
      return kExitStopped;
    default:
      return Serve(AsStarted(std::move(loaded), loaded_at_ns, std::move(notify), std::move(passed)),
                   line.daemon, line.config.empty() && file == kDemonstration);
  }
}

}  // namespace fectl::runtime
