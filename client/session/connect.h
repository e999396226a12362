#ifndef FECTL_CLIENT_SESSION_CONNECT_H_
#define FECTL_CLIENT_SESSION_CONNECT_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// fectld writes a Pong once a second while a client is connected. After ten of them are missing it hangs, or
// is stopped, or its machine swaps: the user wants to know.
inline constexpr int64_t kSilenceMs = 10'000;

// How long to wait for the master.
struct Limits {
  int64_t deadline_ms = kNever;     // of the whole command, on the monotonic clock
  int64_t silence_ms = kSilenceMs;  // without a byte from the master
  int64_t timeout_ms = 0;           // what the user said, for the message about it
};

// A connection to the control socket at `path`, non-blocking. While the queue of the socket is full it waits
// for a place in it.
//
// Errors, in words for people: Unavailable when no master is to be had there (none, gone, forbidden);
// InvalidArgument when `path` can be no socket's; DeadlineExceeded.
absl::StatusOr<base::UniqueFd> Connect(const std::string& path, const Limits& limits);

// The message for a time that is over: `silent` when the master has not said a thing for silence_ms.
absl::Status TimeIsOver(const Limits& limits, bool silent);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_CONNECT_H_
