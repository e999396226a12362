// The environment variables in which a worker finds its channel, its sockets and its place. Text only:
// nothing here reads or changes an environment.
#ifndef FECTL_PROTO_SPEC_ENVIRONMENT_H_
#define FECTL_PROTO_SPEC_ENVIRONMENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::proto {

inline constexpr char kChannelVariable[] = "FECTL_FD";            // "R:W"
inline constexpr char kServiceNameVariable[] = "FECTL_SRV_NAME";  // the service's name
inline constexpr char kWorkerIndexVariable[] = "FECTL_PROC_IDX";  // from 0
// The lowest number, from 0, that no other living process of this index has. Old masters do not set it.
inline constexpr char kWorkerLaneVariable[] = "FECTL_PROC_LANE";
// The highest level that the master speaks, as a number; absent at the base level.
inline constexpr char kLevelVariable[] = "FECTL_PROTO";
inline constexpr char kTimeoutVariable[] = "FECTL_TIMEOUT";  // seconds of silence that mean dead
inline constexpr char kShutdownTimeoutVariable[] = "FECTL_SHUTDOWN_TIMEOUT";  // seconds from stop to SIGKILL
// The names of the sockets, one blank between two; empty where there is none. Old masters do not set it.
inline constexpr char kSocketNamesVariable[] = "FECTL_SOCKETS";
// Followed by a socket's name.
inline constexpr char kSocketVariablePrefix[] = "FECTL_FD_";
inline constexpr char kAppVariablePrefix[] = "FECTL_APP_";
inline constexpr char kArgumentsVariablePrefix[] = "FECTL_ARGS_";

// The highest level of the worker protocol that is spoken here. Two peers speak the lower one of theirs.
inline constexpr int kWorkerLevel = 3;

// Exit codes of a worker that mean something to the master.
inline constexpr int kExitStartupTimeout = 98;
inline constexpr int kExitInitFailed = 99;
inline constexpr int kExitBootFailed = 100;

// The two pipe ends of a worker: R:W.
struct ChannelVariable {
  int read_fd = -1;
  int write_fd = -1;
  friend bool operator==(const ChannelVariable&, const ChannelVariable&) = default;
};
std::string FormatChannel(const ChannelVariable& channel);
absl::StatusOr<ChannelVariable> ParseChannel(std::string_view text);

// A listening socket: FD,FAMILY:f,SOCKETTYPE:t,PROTO:p, in the numbers of the system's own AF_, SOCK_ and
// IPPROTO_.
struct SocketVariable {
  int fd = -1;
  int family = 0;
  int type = 0;
  int protocol = 0;
  friend bool operator==(const SocketVariable&, const SocketVariable&) = default;
};
std::string FormatSocket(const SocketVariable& socket);
absl::StatusOr<SocketVariable> ParseSocket(std::string_view text);

// FECTL_ARGS_<name>: a JSON array of strings.
std::string FormatArguments(const std::vector<std::string>& arguments);
absl::StatusOr<std::vector<std::string>> ParseArguments(std::string_view text);

// FECTL_SOCKETS: names with one blank between two.
std::string FormatNames(const std::vector<std::string>& names);
absl::StatusOr<std::vector<std::string>> ParseNames(std::string_view text);

// Durations: decimal seconds ("10", "0.5"), in milliseconds here. Parsing rounds to the nearest millisecond
// and refuses what is negative, not a number, or more than a thousand years.
std::string FormatSeconds(int64_t milliseconds);
absl::StatusOr<int64_t> ParseSeconds(std::string_view text);

// A decimal number from 0 to 2^31 - 1 and nothing else (FECTL_PROC_IDX, FECTL_PROTO).
absl::StatusOr<int> ParseIndex(std::string_view text);

// Names of services and sockets: 1 to 64 of letters, digits, '.', '_' and '-'. They become parts of variable
// names.
inline constexpr size_t kNameBytesMax = 64;
bool ValidName(std::string_view name);
// The client's word for "each of them": no service can have this name.
inline constexpr char kAllServices[] = "all";
inline bool ValidServiceName(std::string_view name) {
  return ValidName(name) && name != kAllServices;
}

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_ENVIRONMENT_H_
