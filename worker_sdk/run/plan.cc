#include "worker_sdk/run/plan.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/program_signs.h"
#include "worker_sdk/run/environment.h"
#include "worker_sdk/run/http_probe.h"

namespace fectl::run {
namespace {

using Kind = proto::ProgramSign::Kind;

bool IsPrivate(const proto::ProgramSign& sign) {
  return sign.kind == Kind::kHttp && sign.socket.empty();
}

absl::Status CheckNames(const CommandLine& line, const std::vector<Socket>& sockets) {
  const auto known = [&](std::string_view name) {
    return std::any_of(sockets.begin(), sockets.end(),
                       [&](const Socket& socket) { return socket.name == name; });
  };
  for (const proto::ProgramSign* sign : {&line.ready, &line.watchdog}) {
    if (sign->kind == Kind::kHttp && !sign->socket.empty() && !known(sign->socket)) {
      return absl::InvalidArgumentError(absl::StrCat("http:", sign->socket, sign->text,
                                                     ": this worker has no socket \"", sign->socket, "\""));
    }
  }
  if (NeedsPrivateSocket(line) && known(proto::kProbeSocketName)) {
    return absl::InvalidArgumentError(
        "a socket of the service has the name \"probe\", which is that of the private socket: rename it");
  }
  return absl::OkStatus();
}

}  // namespace

bool NeedsPrivateSocket(const CommandLine& line) {
  return IsPrivate(line.ready) || IsPrivate(line.watchdog);
}

absl::StatusOr<Plan> MakePlan(const CommandLine& line, std::vector<Socket> sockets, int probe_listener,
                              const std::vector<std::string>& own_environment,
                              const std::string& notify_path) {
  if (absl::Status named = CheckNames(line, sockets); !named.ok()) return named;
  std::sort(sockets.begin(), sockets.end(), [](const Socket& a, const Socket& b) { return a.fd < b.fd; });
  Plan plan;
  ProgramSurroundings surroundings{.notify_path = notify_path};
  std::vector<std::pair<std::string, int>> numbers;
  const auto pass = [&](const std::string& name, int fd) {
    numbers.emplace_back(name, 3 + static_cast<int>(plan.process.passed.size()));
    plan.process.passed.push_back(fd);
    surroundings.socket_names.push_back(name);
  };
  for (const Socket& socket : sockets) {
    pass(socket.name, socket.fd);
    plan.probes.addresses[socket.name] = AddressOf(socket.fd);
  }
  if (probe_listener >= 0) pass(proto::kProbeSocketName, probe_listener);
  if (line.watchdog.kind == Kind::kNotify) surroundings.watchdog_ms = line.watchdog.ms;

  auto words = WithDescriptors(line.command, numbers);
  if (!words.ok()) return words.status();
  plan.process.argv = *std::move(words);
  ProgramEnvironment environment = MakeProgramEnvironment(own_environment, surroundings);
  plan.process.environment = std::move(environment.variables);
  plan.process.pid_variables = std::move(environment.pid_variables);
  plan.probes.environment = WithoutOthersWords(own_environment);
  return plan;
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) variables.emplace_back(*entry);
  return variables;
}

}  // namespace fectl::run
