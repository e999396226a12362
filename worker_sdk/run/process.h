// Starting, signalling and reaping: of the program, and of the commands that ask whether it is well. The one
// file of fectl-run that does so.
#ifndef FECTL_WORKER_SDK_RUN_PROCESS_H_
#define FECTL_WORKER_SDK_RUN_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::run {

struct ProcessSpec {
  std::vector<std::string> argv = {};         // the first word is looked up in PATH
  std::vector<std::string> environment = {};  // "NAME=value", complete
  // Names of variables that get the new process's own number.
  std::vector<std::string> pid_variables = {};
  // Become 3, 4, ... in this order; besides them and the standard streams nothing is open. Borrowed.
  std::vector<int> passed = {};
  int stdout_fd = -1;  // -1: ours
  int stderr_fd = -1;
  // What the new process blocks.
  sigset_t signal_mask = {};
};

struct StartedProcess {
  pid_t pid = -1;
  // Readable when it is known whether the program runs; then ask ReadFailure().
  base::UniqueFd outcome;
};

// Starts a process of our own group and session, which is killed (SIGKILL) when we end. (Linux forgets that
// where the program is set-uid.) Never waits for its exec.
absl::StatusOr<StartedProcess> StartProcess(const ProcessSpec& spec);

// Why the program could not be run, as an errno; nothing: it runs.
std::optional<int> ReadFailure(int outcome_fd);

// Blocks SIGCHLD and gives a descriptor that is readable after it; `*before` is the mask until then.
absl::StatusOr<base::UniqueFd> WatchChildren(sigset_t* before);
void ForgetChildSignals(int children_fd);

// The status of waitpid(2) of a child that has ended, which is reaped by it.
std::optional<int> TakeEnd(pid_t pid);

// To the process alone. It must not have been reaped.
void SignalProcess(pid_t pid, int signal_number);

// Kills the group that we lead, and ourselves with it. Nothing happens where we lead none.
void KillOwnGroup();

// 15 of "TERM", as proto::ParseStopSignal() gives it.
int SignalNumber(const std::string& name);

// Whether the process has a handler for the signal, so that it may die of it by its own decision.
bool Catches(pid_t pid, int signal_number);

// Ends as a child with this status of waitpid(2) did: gives the exit code, or dies of the same signal.
int EndLike(int status);

// Puts the program into the place of this process. Returns an errno.
int Become(const std::vector<std::string>& argv);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_PROCESS_H_
