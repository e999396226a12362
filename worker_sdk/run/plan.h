// How the program is started, and what the probes need: from the command line and from what the master gave.
#ifndef FECTL_WORKER_SDK_RUN_PLAN_H_
#define FECTL_WORKER_SDK_RUN_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker_sdk/run/command_line.h"
#include "worker_sdk/run/inquiry.h"
#include "worker_sdk/run/process.h"
#include "worker_sdk/socket.h"

namespace fectl::run {

// Whether a probe goes over the private socket.
bool NeedsPrivateSocket(const CommandLine& line);

struct Plan {
  ProcessSpec process;           // without its streams and its signal mask
  Inquiry::Surroundings probes;  // without the private address and the signal mask
};

// The sockets become 3, 4, ... in the order in which the master opened them, which is that of fectld.toml;
// the private one (`probe_listener`, or -1) comes last. InvalidArgument: a socket is named that there is not.
absl::StatusOr<Plan> MakePlan(const CommandLine& line, std::vector<Socket> sockets, int probe_listener,
                              const std::vector<std::string>& own_environment,
                              const std::string& notify_path);

// The variables of this process.
std::vector<std::string> OwnEnvironment();

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_PLAN_H_
