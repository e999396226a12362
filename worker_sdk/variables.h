// What the environment of a worker says, checked. Text in, plain values out; no descriptor is looked at.
#ifndef FECTL_WORKER_SDK_VARIABLES_H_
#define FECTL_WORKER_SDK_VARIABLES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker_sdk/socket.h"

namespace fectl::internal {

struct WorkerVariables {
  bool managed = false;  // everything below is empty when it is false
  int read_fd = -1;
  int write_fd = -1;
  std::string service;
  int index = 0;
  std::optional<int> lane;
  int level = 1;
  std::optional<int64_t> timeout_ms;
  std::optional<int64_t> shutdown_timeout_ms;
  std::vector<Socket> sockets;  // by name
  // The master gave a socket of which nothing has arrived: what to say of it. Empty: none is missing.
  std::string dropped;
};

using VariableMap = std::map<std::string, std::string, std::less<>>;

// InvalidArgument, naming the variable. A part of the contract without FECTL_FD is an error, too: it is what
// remains when something between the master and the worker cleans the environment.
absl::StatusOr<WorkerVariables> ReadVariables(const VariableMap& variables);

// True for the variables that ReadVariables() understands.
bool IsWorkerVariable(std::string_view name);

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_VARIABLES_H_
