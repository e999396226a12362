#include "master/config/system/host_lookup.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "master/platform/sockets/listeners.h"

namespace fectl::config {
namespace {

using Found = absl::StatusOr<std::vector<std::string>>;

// A name cannot have a colon, and one of digits and dots alone is an address (see WhatIsWrongWithHost()).
bool IsNumeric(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

bool WasRefused(const std::string& key, const LoadResult& result) {
  return std::any_of(result.problems.begin(), result.problems.end(),
                     [&](const Problem& problem) { return problem.key == key && !problem.warning; });
}

Found LookUp(const SocketConfig& socket) {
  platform::ListenSpec spec;
  spec.protocol = socket.proto == SocketProto::kTcp6 ? platform::ListenSpec::Protocol::kTcp6
                                                     : platform::ListenSpec::Protocol::kTcp4;
  spec.host = socket.host;
  spec.port = socket.port;
  return platform::Listener::AddressesOf(spec);
}

}  // namespace

void ResolveHosts(bool only_warn, LoadResult* result) {
  // A lookup that fails can take long, and many sockets may have the same host.
  std::map<std::pair<std::string, SocketProto>, Found> known;
  for (size_t i = 0; i < result->config.sockets.size(); ++i) {
    SocketConfig& socket = result->config.sockets[i];
    if (socket.proto == SocketProto::kUnix || socket.host.empty()) continue;
    if (IsNumeric(socket.host)) {
      socket.addresses = {socket.host};
      continue;
    }
    const std::string key = HostKey(result->socket_labels[i], *result);
    if (WasRefused(key, *result)) continue;
    auto found = known.find({socket.host, socket.proto});
    if (found == known.end()) {
      found = known.emplace(std::pair(socket.host, socket.proto), LookUp(socket)).first;
    }
    if (found->second.ok()) {
      socket.addresses = *found->second;
    } else {
      result->Add(key, std::string(found->second.status().message()), only_warn);
    }
  }
  result->SortProblems();
}

}  // namespace fectl::config
