#ifndef MASTER_PLATFORM_CHILDREN_DAEMONIZE_H_
#define MASTER_PLATFORM_CHILDREN_DAEMONIZE_H_

#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// The daemon's line to the command that started it. Destroyed without a report, the command learns that the
// daemon ended before it was ready.
class StartReport {
 public:
  explicit StartReport(base::UniqueFd line) : line_(std::move(line)) {}

  // The command returns success now. Further reports do nothing.
  void Ready();

  // The command returns failure with this reason now (at most 4,096 bytes of it).
  void Failed(std::string_view reason);

 private:
  base::UniqueFd line_;
};

// What the process that called Daemonize() has to do in the end: exit with success, or say the reason and
// exit with failure.
struct StartedFromHere {
  absl::Status outcome;
};

// Goes on in a process of its own session, without a terminal and never able to get one, child of init or the
// subreaper; the standard streams are as before (RedirectStandardStreams() is for when the daemon is ready).
// Returns in both processes: a StartReport in the daemon, a StartedFromHere in the caller's, which waits for
// the report first. Call with one thread and before anything that must not be doubled by a fork (locks,
// epoll, pid file).
absl::StatusOr<std::variant<StartReport, StartedFromHere>> Daemonize();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_DAEMONIZE_H_
