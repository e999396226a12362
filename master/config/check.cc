#include "master/config/check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "master/config/keys.h"
#include "master/config/program_check.h"
#include "master/config/service/order_check.h"

namespace fectl::config {
namespace {

// The text without the "./" in front that changes nothing.
std::string PlainPath(std::string path) {
  while (absl::StartsWith(path, "./")) path.erase(0, path.find_first_not_of('/', 1));
  return path;
}

template <typename Section>
void CheckNames(const std::vector<Section>& sections, const std::vector<std::string>& labels,
                const char* kind, LoadResult* result) {
  std::map<std::string, size_t> owners;
  for (size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].name.empty()) continue;
    const auto [owner, inserted] = owners.emplace(sections[i].name, i);
    if (inserted) continue;
    result->Add(labels[i] + ".name",
                absl::StrCat("\"", sections[i].name, "\" is the name of another ", kind, ", in ",
                             result->PlaceText(labels[owner->second] + ".name", labels[i] + ".name")));
  }
}

void CheckSocketServices(LoadResult* result) {
  std::vector<std::string_view> known;
  std::set<std::string_view> lookup;
  for (const ServiceConfig& service : result->config.services) {
    if (!service.name.empty() && lookup.insert(service.name).second) known.push_back(service.name);
  }
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    for (const std::string& name : result->config.sockets[i].services) {
      if (lookup.contains(name)) continue;
      const auto meant = ClosestWord(name, known);
      result->Add(result->socket_labels[i] + ".service",
                  absl::StrCat("there is no service \"", absl::Utf8SafeCEscape(name), "\"",
                               meant ? absl::StrCat(", did you mean \"", std::string(*meant), "\"?") : ""));
    }
  }
}

bool AllAddresses(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

// Each TCP port with the first socket on each of its hosts; an empty host stands for all addresses.
class PortOwners {
 public:
  // The socket that `socket` (number `index`) cannot be open together with, else nothing and it is
  // remembered.
  std::optional<size_t> Claim(const SocketConfig& socket, size_t index) {
    // IPv6 sockets of ours never take IPv4 connections, so the two families do not meet.
    std::map<std::string, size_t>& hosts = ports_[{socket.proto, socket.port}];
    const std::string host = AllAddresses(socket.host) ? "" : absl::AsciiStrToLower(socket.host);
    if (hosts.empty()) {
      hosts.emplace(host, index);
      return std::nullopt;
    }
    if (host.empty()) return hosts.begin()->second;
    if (const auto all = hosts.find(""); all != hosts.end()) return all->second;
    const auto [owner, inserted] = hosts.emplace(host, index);
    if (inserted) return std::nullopt;
    return owner->second;
  }

 private:
  std::map<std::pair<SocketProto, int>, std::map<std::string, size_t>> ports_;
};

void CheckAddresses(LoadResult* result) {
  PortOwners ports;
  std::map<std::string, std::string> paths;  // what each socket file belongs to
  paths.emplace(PlainPath(result->config.master.sock), "the control socket of the master");
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    const SocketConfig& socket = result->config.sockets[i];
    const std::string& label = result->socket_labels[i];
    if (socket.proto == SocketProto::kUnix) {
      if (socket.path.empty()) continue;
      const auto [owner, inserted] = paths.emplace(PlainPath(socket.path), label);
      const bool by_host = result->lines.Find(label + ".path") == result->lines.Find(label);
      if (!inserted)
        result->Add(label + (by_host ? ".host" : ".path"), "is already the path of " + owner->second);
    } else if (socket.port != 0) {
      const std::optional<size_t> owner = ports.Claim(socket, i);
      if (!owner.has_value()) continue;
      const std::string& host = result->config.sockets[*owner].host;
      result->Add(label + ".port",
                  absl::StrCat(socket.port, " is already taken by ", result->socket_labels[*owner], " (",
                               result->PlaceText(result->socket_labels[*owner] + ".port", label + ".port"),
                               ") on ", AllAddresses(host) ? "all addresses" : host));
    }
  }
}

void CheckMasterPaths(LoadResult* result) {
  const MasterConfig& master = result->config.master;
  const std::pair<const char*, const std::string*> paths[] = {
      {"pid", &master.pid}, {"stdout", &master.stdout_path}, {"stderr", &master.stderr_path}};
  for (const auto& [key, path] : paths) {
    if (path->empty()) continue;
    if (PlainPath(*path) == PlainPath(master.sock)) {
      result->Add(absl::StrCat("master.", key), "is also the path of the control socket (key sock)");
    } else if (path != &master.pid && PlainPath(*path) == PlainPath(master.pid)) {
      result->Add(absl::StrCat("master.", key), "is also the path of the pid file (key pid)");
    }
  }
}

void CheckEssential(LoadResult* result) {
  const std::vector<ServiceConfig>& services = result->config.services;
  const bool any =
      std::any_of(services.begin(), services.end(), [](const ServiceConfig& s) { return s.essential; });
  if (result->config.master.exit_on_failure && !any)
    result->Add("master.on_failure", "\"exit\" is for a service with essential = true, and there is none");
}

}  // namespace

void CheckConsistency(bool complete, LoadResult* result) {
  CheckNames(result->config.services, result->service_labels, "service", result);
  CheckNames(result->config.sockets, result->socket_labels, "socket", result);
  CheckAddresses(result);
  CheckMasterPaths(result);
  if (!complete) return;
  if (result->config.services.empty()) {
    result->problems.push_back(
        {result->file, 0, "service", "there is none: at least one [[service]] is needed", false});
    return;
  }
  CheckEssential(result);
  const bool all_named = std::all_of(result->config.services.begin(), result->config.services.end(),
                                     [](const ServiceConfig& service) { return !service.name.empty(); });
  const bool all_sockets_named = std::all_of(result->config.sockets.begin(), result->config.sockets.end(),
                                             [](const SocketConfig& socket) { return !socket.name.empty(); });
  const size_t before = result->problems.size();
  if (all_named) {
    CheckSocketServices(result);
    CheckOrder(result);
  }
  // A socket that is for no known service would only be missed once more.
  if (all_named && all_sockets_named && result->problems.size() == before) CheckPrograms(result);
}

}  // namespace fectl::config
