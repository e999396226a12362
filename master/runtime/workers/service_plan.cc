#include "master/runtime/workers/service_plan.h"

#include <sys/auxv.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/config/system/system_check.h"
#include "proto_spec/environment.h"

namespace fectl::runtime {
namespace {

bool IsInherited(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {"PATH", "HOME", "USER",   "LOGNAME", "SHELL",
                                                             "LANG", "TZ",   "TMPDIR", "LANGUAGE"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("LC_");
}

// The last one of a name counts, as with env(1), but keeps the place of the first.
void Set(Environment* environment, std::string_view name, std::string value) {
  for (auto& [known, old] : *environment) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  environment->emplace_back(name, std::move(value));
}

void SetSocketVariables(const SharedSocket& socket, int fd, Environment* environment) {
  const proto::SocketVariable variable{fd, socket.family, socket.type, socket.protocol};
  Set(environment, proto::kSocketVariablePrefix + socket.name, proto::FormatSocket(variable));
  if (socket.app.has_value()) Set(environment, proto::kAppVariablePrefix + socket.name, *socket.app);
  if (!socket.arguments.empty()) {
    Set(environment, proto::kArgumentsVariablePrefix + socket.name, proto::FormatArguments(socket.arguments));
  }
}

// A program that knows nothing of workers gets one before it.
std::vector<std::string> CommandOf(const config::ServiceConfig& service) {
  if (!service.foreign()) return service.command;
  std::vector<std::string> words = {config::RunProgram()};
  if (service.ready) words.push_back("--ready=" + *service.ready);
  if (service.watchdog) words.push_back("--watchdog=" + *service.watchdog);
  if (service.stop_signal) words.push_back("--stop-signal=" + *service.stop_signal);
  words.push_back("--");
  words.insert(words.end(), service.command.begin(), service.command.end());
  return words;
}

// The descriptors of a worker: 0, 1, 2, its pipes, its sockets.
constexpr int kWorkerReadFd = 3;
constexpr int kWorkerWriteFd = 4;
constexpr int kFirstSocketFd = 5;

}  // namespace

bool SeesSocket(const SharedSocket& socket, const std::string& service) {
  return socket.services.empty() ||
         std::find(socket.services.begin(), socket.services.end(), service) != socket.services.end();
}

platform::Identity ToPlatform(const config::Identity& identity) {
  return platform::Identity{identity.uid, identity.gid,
                            std::vector<gid_t>(identity.groups.begin(), identity.groups.end())};
}

Environment InheritedEnvironment(char** environment) {
  Environment out;
  // Started with more rights than its caller has: what the caller had set is not for the workers.
  if (getauxval(AT_SECURE) != 0) return out;
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (IsInherited(text.substr(0, equals)))
      Set(&out, text.substr(0, equals), std::string(text.substr(equals + 1)));
  }
  return out;
}

void SetIdentityVariables(const config::Identity& identity, Environment* environment) {
  if (!identity.home.empty()) Set(environment, "HOME", identity.home);
  if (!identity.shell.empty()) Set(environment, "SHELL", identity.shell);
  if (!identity.user_name.empty()) {
    Set(environment, "USER", identity.user_name);
    Set(environment, "LOGNAME", identity.user_name);
  }
}

core::Share ShareOf(const config::Portion& portion) {
  const auto value = static_cast<uint32_t>(portion.value);
  return portion.percent ? core::Share::Percent(value) : core::Share(value);
}

core::RolloutPolicy MakeRollout(const config::ServiceConfig& service) {
  const config::RolloutConfig& rollout = service.rollout;
  core::RolloutPolicy policy;
  policy.max_surge = rollout.max_surge.has_value() ? ShareOf(*rollout.max_surge)
                                                   : core::Share(static_cast<uint32_t>(service.max_surge));
  policy.max_unavailable = ShareOf(rollout.max_unavailable);
  policy.canary = ShareOf(rollout.canary);
  policy.auto_promote = rollout.auto_promote;
  policy.min_ready = core::Milliseconds(rollout.min_ready_ms);
  policy.bake = core::Milliseconds(rollout.bake_ms);
  policy.progress_deadline = core::Seconds(rollout.progress_deadline_s);
  policy.auto_revert = rollout.auto_revert;
  policy.max_old_generations = static_cast<uint32_t>(rollout.max_old_generations);
  return policy;
}

core::ServicePolicy MakePolicy(const config::ServiceConfig& service) {
  core::ServicePolicy policy;
  policy.name = service.name;
  policy.num = static_cast<uint32_t>(service.num);
  policy.restarts = static_cast<uint32_t>(service.restarts);
  policy.rollout = MakeRollout(service);
  policy.recycle.max_age = core::Seconds(service.recycle.max_age_s);
  policy.recycle.jitter = static_cast<uint32_t>(service.recycle.jitter_permille);
  policy.timeout = core::Milliseconds(service.timeout_ms);
  policy.startup_timeout = core::Milliseconds(service.startup_timeout_ms);
  policy.shutdown_timeout = core::Milliseconds(service.shutdown_timeout_ms);
  policy.max_lease = core::Milliseconds(service.max_lease_ms);
  policy.after = service.after;
  policy.require = service.require;
  policy.autostart = service.autostart;
  policy.oneshot = service.type == config::ServiceType::kOneshot;
  if (policy.oneshot) policy.num = 1;
  policy.before_roll = service.before_roll;
  return policy;
}

ServicePlan MakeServicePlan(const config::ServiceConfig& service, const std::vector<SharedSocket>& sockets,
                            const Environment& inherited, const rlimit& open_files) {
  ServicePlan plan;
  plan.stdout_path = service.stdout_path;
  plan.stderr_path = service.stderr_path;
  plan.launch.argv = CommandOf(service);
  plan.launch.executable = plan.launch.argv.front();
  plan.launch.directory = service.directory;
  plan.launch.open_files = open_files;
  plan.launch.no_new_privileges = service.no_new_privileges;
  plan.launch.capabilities = service.capabilities;

  Environment environment = inherited;
  if (service.identity.has_value()) {
    plan.launch.identity = ToPlatform(*service.identity);
    SetIdentityVariables(*service.identity, &environment);
  }
  for (const auto& [name, value] : service.environ_from_files) Set(&environment, name, value);
  for (const std::string& name : service.environ_passed) {
    // Null also where the master was started with more rights than its caller has.
    const char* const value = secure_getenv(name.c_str());
    if (value != nullptr) Set(&environment, name, value);
  }
  for (const auto& [name, value] : service.environ) Set(&environment, name, value);
  // Also where the master has none, so that the worker finds what its command was found by.
  plan.launch.search_path = config::WorkerPath(service);
  Set(&environment, "PATH", plan.launch.search_path);

  // Last, so that nothing in `environ` can give a worker a wrong idea of its channel.
  Set(&environment, proto::kChannelVariable, proto::FormatChannel({kWorkerReadFd, kWorkerWriteFd}));
  Set(&environment, proto::kServiceNameVariable, service.name);
  Set(&environment, proto::kWorkerIndexVariable, "0");
  Set(&environment, proto::kWorkerLaneVariable, "0");
  Set(&environment, proto::kLevelVariable, std::to_string(proto::kWorkerLevel));
  Set(&environment, proto::kTimeoutVariable, proto::FormatSeconds(service.timeout_ms));
  Set(&environment, proto::kShutdownTimeoutVariable, proto::FormatSeconds(service.shutdown_timeout_ms));
  std::vector<std::string> names;
  for (const SharedSocket& socket : sockets) {
    if (!SeesSocket(socket, service.name)) continue;
    names.push_back(socket.name);
    SetSocketVariables(socket, kFirstSocketFd + static_cast<int>(plan.socket_fds.size()), &environment);
    plan.socket_fds.push_back(socket.fd);
    plan.listeners.push_back(socket.listener);
    plan.sockets.push_back({socket.name, socket.address});
  }
  Set(&environment, proto::kSocketNamesVariable, proto::FormatNames(names));
  for (const auto& [name, value] : environment) {
    if (name == proto::kWorkerIndexVariable) plan.index_variable = plan.launch.environment.size();
    if (name == proto::kWorkerLaneVariable) plan.lane_variable = plan.launch.environment.size();
    plan.launch.environment.push_back(absl::StrCat(name, "=", value));
  }
  return plan;
}

platform::LaunchSpec LaunchSpecFor(const ServicePlan& plan, uint32_t index, uint32_t lane) {
  platform::LaunchSpec spec = plan.launch;
  spec.environment[plan.index_variable] = absl::StrCat(proto::kWorkerIndexVariable, "=", index);
  spec.environment[plan.lane_variable] = absl::StrCat(proto::kWorkerLaneVariable, "=", lane);
  return spec;
}

}  // namespace fectl::runtime
