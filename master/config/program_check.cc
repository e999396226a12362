#include "master/config/program_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/config/keys.h"
#include "proto_spec/program_signs.h"

namespace fectl::config {
namespace {

using proto::ProgramSign;

std::vector<std::string_view> SocketsOf(const ServiceConfig& service, const Config& config) {
  std::vector<std::string_view> names;
  for (const SocketConfig& socket : config.sockets) {
    if (socket.IsFor(service.name)) names.push_back(socket.name);
  }
  return names;
}

bool Has(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> NamedInCommand(const ServiceConfig& service) {
  std::vector<std::string> named;
  for (const std::string& word : service.command) {
    proto::ReplaceDescriptors(word, [&named](std::string_view name) { return named.emplace_back(name); });
  }
  return named;
}

// What is wrong with naming that socket; empty: nothing.
std::string WhatIsWrong(const std::string& name, const ServiceConfig& service,
                        const std::vector<std::string_view>& sockets) {
  if (Has(sockets, name)) return "";
  const auto meant = ClosestWord(name, sockets);
  return absl::StrCat("workers of ", service.name, " get no socket \"", name, "\"",
                      meant ? absl::StrCat(", did you mean \"", std::string(*meant), "\"?") : "");
}

// Of `ready` and `watchdog`. True: it is asked over the private socket.
bool CheckSign(const std::string& key, const ProgramSign& sign, const ServiceConfig& service,
               const std::vector<std::string_view>& sockets, LoadResult* result) {
  if (sign.kind != ProgramSign::Kind::kHttp) return false;
  if (sign.socket.empty()) {
    if (Has(sockets, proto::kProbeSocketName)) {
      result->Add(
          key,
          "asks over a private socket named \"probe\", and another socket of the service has that name: "
          "rename that one");
    }
    return true;
  }
  if (const std::string wrong = WhatIsWrong(sign.socket, service, sockets); !wrong.empty())
    result->Add(key, wrong);
  return false;
}

void CheckForeign(const ServiceConfig& service, const std::string& label, LoadResult* result) {
  const std::vector<std::string_view> sockets = SocketsOf(service, result->config);
  bool asks_privately = false;
  if (service.ready) {
    asks_privately =
        CheckSign(label + ".ready", *proto::ParseReady(*service.ready), service, sockets, result);
  }
  if (service.watchdog) {
    const bool asks =
        CheckSign(label + ".watchdog", *proto::ParseWatchdog(*service.watchdog), service, sockets, result);
    asks_privately = asks_privately || asks;
  }
  for (const std::string& name : NamedInCommand(service)) {
    if (name == proto::kProbeSocketName && asks_privately) continue;
    const std::string wrong = WhatIsWrong(name, service, sockets);
    if (!wrong.empty()) result->Add(label + ".command", absl::StrCat("{fd:", name, "}: ", wrong));
  }
  const std::string& program = service.command.empty() ? "" : service.command.front();
  if (program.substr(program.rfind('/') + 1) == "fectl-run") {
    result->Add(label + ".command",
                "runs fectl-run, which the keys ready, watchdog and stop_signal put before the command by "
                "themselves: "
                "leave it out here");
  }
}

// A key that would make it foreign is there, and was refused.
bool IsMeantToBeForeign(const std::string& label, const LoadResult& result) {
  for (const char* const key : {".ready", ".watchdog", ".stop_signal"}) {
    const auto is_about = [&](const Problem& problem) { return problem.key == absl::StrCat(label, key); };
    if (std::any_of(result.problems.begin(), result.problems.end(), is_about)) return true;
  }
  return false;
}

}  // namespace

void CheckPrograms(LoadResult* result) {
  for (size_t i = 0; i < result->config.services.size(); ++i) {
    const ServiceConfig& service = result->config.services[i];
    const std::string& label = result->service_labels[i];
    if (service.foreign()) {
      CheckForeign(service, label, result);
      continue;
    }
    const bool by_hand =
        std::any_of(service.command.begin(), service.command.end(),
                    [](const std::string& word) { return word.substr(word.rfind('/') + 1) == "fectl-run"; });
    const std::vector<std::string> named = NamedInCommand(service);
    if (!named.empty() && !by_hand && !IsMeantToBeForeign(label, *result)) {
      result->Add(
          label + ".command",
          absl::StrCat("{fd:", named.front(),
                       "} stays as it is: only with a key ready, watchdog or stop_signal is it replaced by a "
                       "descriptor"),
          /*warning=*/true);
    }
  }
}

}  // namespace fectl::config
