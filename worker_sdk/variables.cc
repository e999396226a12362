#include "worker_sdk/variables.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/environment.h"
#include "proto_spec/message.h"

namespace fectl::internal {
namespace {

absl::Status Bad(std::string_view name, std::string_view value, const absl::Status& why) {
  return absl::InvalidArgumentError(absl::StrCat("environment variable ",
                                                 absl::string_view(name.data(), name.size()), " is ",
                                                 proto::QuotedStart(value), ": ", why.message()));
}

const std::string* Find(const VariableMap& variables, std::string_view name) {
  const auto it = variables.find(name);
  return it == variables.end() ? nullptr : &it->second;
}

// Absent: stays empty. Bad: an error.
absl::Status ReadSeconds(const VariableMap& variables, const char* name, std::optional<int64_t>* out) {
  const std::string* text = Find(variables, name);
  if (text == nullptr) return absl::OkStatus();
  auto ms = proto::ParseSeconds(*text);
  if (!ms.ok()) return Bad(name, *text, ms.status());
  *out = *ms;
  return absl::OkStatus();
}

absl::Status ReadSockets(const VariableMap& variables, std::vector<Socket>* sockets) {
  const std::string_view prefix = proto::kSocketVariablePrefix;
  for (auto it = variables.lower_bound(prefix); it != variables.end() && it->first.starts_with(prefix);
       ++it) {
    auto parsed = proto::ParseSocket(it->second);
    if (!parsed.ok()) return Bad(it->first, it->second, parsed.status());
    Socket socket;
    socket.name = it->first.substr(prefix.size());
    socket.fd = parsed->fd;
    socket.family = parsed->family;
    socket.type = parsed->type;
    socket.protocol = parsed->protocol;
    if (const auto* app = Find(variables, proto::kAppVariablePrefix + socket.name)) socket.app = *app;
    const std::string arguments_name = proto::kArgumentsVariablePrefix + socket.name;
    if (const auto* text = Find(variables, arguments_name)) {
      auto arguments = proto::ParseArguments(*text);
      if (!arguments.ok()) return Bad(arguments_name, *text, arguments.status());
      socket.arguments = *std::move(arguments);
    }
    sockets->push_back(std::move(socket));
  }
  return absl::OkStatus();
}

// A socket that nobody serves would leave its clients waiting for ever, without a word anywhere.
absl::Status FindDropped(const VariableMap& variables, std::string* dropped) {
  const std::string* text = Find(variables, proto::kSocketNamesVariable);
  if (text == nullptr) return absl::OkStatus();
  auto names = proto::ParseNames(*text);
  if (!names.ok()) return Bad(proto::kSocketNamesVariable, *text, names.status());
  for (const std::string& name : *names) {
    if (Find(variables, proto::kSocketVariablePrefix + name) != nullptr) continue;
    *dropped = absl::StrCat("environment variable ", proto::kSocketVariablePrefix, name,
                            " is missing, though ", proto::kSocketNamesVariable,
                            " names that socket: something between fectld and this program dropped it, "
                            "as dash does with names that have a \"-\" or \".\". Name the socket with "
                            "letters, digits and _ alone, "
                            "or start the program without a shell.");
    break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WorkerVariables> ReadVariables(const VariableMap& variables) {
  const std::string* channel = Find(variables, proto::kChannelVariable);
  const std::string* service = Find(variables, proto::kServiceNameVariable);
  const std::string* index = Find(variables, proto::kWorkerIndexVariable);
  if (channel == nullptr && service == nullptr && index == nullptr) return WorkerVariables{};

  if (channel == nullptr || service == nullptr || index == nullptr) {
    const char* missing = channel == nullptr   ? proto::kChannelVariable
                          : service == nullptr ? proto::kServiceNameVariable
                                               : proto::kWorkerIndexVariable;
    return absl::InvalidArgumentError(absl::StrCat(
        "environment variable ", missing,
        " is missing, but others of a fectl worker are set. Start this program from fectld, or without "
        "any of them to run it by hand."));
  }

  WorkerVariables result;
  result.managed = true;
  auto fds = proto::ParseChannel(*channel);
  if (!fds.ok()) return Bad(proto::kChannelVariable, *channel, fds.status());
  result.read_fd = fds->read_fd;
  result.write_fd = fds->write_fd;
  result.service = *service;
  auto number = proto::ParseIndex(*index);
  if (!number.ok()) return Bad(proto::kWorkerIndexVariable, *index, number.status());
  result.index = *number;
  if (const std::string* lane = Find(variables, proto::kWorkerLaneVariable)) {
    auto read = proto::ParseIndex(*lane);
    if (!read.ok()) return Bad(proto::kWorkerLaneVariable, *lane, read.status());
    result.lane = *read;
  }

  if (const std::string* level = Find(variables, proto::kLevelVariable)) {
    // A master of a later level still speaks ours, so the lower one counts. What is not a number offers
    // nothing.
    const auto offered = proto::ParseIndex(*level);
    if (offered.ok()) result.level = std::clamp(*offered, 1, proto::kWorkerLevel);
  }
  absl::Status status = ReadSeconds(variables, proto::kTimeoutVariable, &result.timeout_ms);
  if (status.ok()) {
    status = ReadSeconds(variables, proto::kShutdownTimeoutVariable, &result.shutdown_timeout_ms);
  }
  if (status.ok()) status = ReadSockets(variables, &result.sockets);
  if (status.ok()) status = FindDropped(variables, &result.dropped);
  if (!status.ok()) return status;
  return result;
}

bool IsWorkerVariable(std::string_view name) {
  for (std::string_view known :
       {proto::kChannelVariable, proto::kServiceNameVariable, proto::kWorkerIndexVariable,
        proto::kWorkerLaneVariable, proto::kLevelVariable, proto::kTimeoutVariable,
        proto::kShutdownTimeoutVariable, proto::kSocketNamesVariable}) {
    if (name == known) return true;
  }
  for (std::string_view prefix :
       {proto::kSocketVariablePrefix, proto::kAppVariablePrefix, proto::kArgumentsVariablePrefix}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace fectl::internal
