#ifndef FECTL_CLIENT_SESSION_OPERATION_H_
#define FECTL_CLIENT_SESSION_OPERATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/command_line/commands.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::client {

// How the old workers of a reload or restart were seen to leave.
struct OldWorkers {
  int leaving = 0;                   // have not ended
  int undrained = 0;                 // ended by a signal, and not because they had finished
  int undrained_sigterm = 0;         // of them, by the SIGTERM that asked them to finish
  std::optional<int> replaced = {};  // have a successor; masters below level 3 do not tell it
};

// How one operation on one service came out.
struct OperationResult {
  std::string service;
  bool ok = false;
  std::string answer;  // the master's answer by its name on the wire; empty if none came
  // For one line after the service's name, not escaped yet: "reloaded (4 workers, 1.2 s)", "was stopped
  // already", "reload failed: worker(1): exited with code 3 before it was loaded".
  std::string line;
  std::string reason;  // why it failed, alone; empty when it did not
  std::string lines;   // what the process wrote last that has failed; empty: nothing that is known
  int lines_of = 0;    // which worker it was, from 1
  proto::RolloutView rollout = {};  // of a reload or restart, where the master tells it
  bool permitted = true;            // false: the user may not ask this, whatever the service is
  int64_t took_ms = 0;
  std::optional<OldWorkers> old_workers;  // where they were looked at
};

// One operation on one service: what is asked, what is asked next to be able to tell more about the answer
// (why it failed; which name was meant; below level 3 also how many workers serve, which at level 3 is in the
// answer), and what people read in the end. Pure.
class Operation {
 public:
  // `command` is one of start, stop, reload, restart, pause, resume. `service`: of a reload or restart also
  // SERVICE[N], one of its workers, from 1, which needs level 3.
  // `one_of_all`: the command line says `all`, or another word that stands for several services, so that this
  // one was not asked for by name.
  Operation(CommandKind command, std::string service, proto::Level level, bool one_of_all = false);

  proto::Request FirstRequest() const;

  // Takes the answer to the last request, which came so long after the first request. The next request, to be
  // sent after pause_ms(), or nullopt: then result() is complete.
  std::optional<proto::Request> OnAnswer(const proto::Response& answer, int64_t took_ms);
  int64_t pause_ms() const { return pause_ms_; }

  // No more answers will come. What is known already stays.
  void OnEnd(const absl::Status& why, int64_t took_ms);

  const OperationResult& result() const { return result_; }

 private:
  void Done(std::string_view how);
  void Fail(std::string_view verb, std::string reason);
  std::optional<proto::Request> OnFirstAnswer(const proto::Response& answer);
  std::optional<proto::Request> FollowUp(proto::Request::Verb verb);
  std::optional<proto::Request> OnFollowUp(const proto::Response& answer, int64_t took_ms);
  std::optional<proto::Request> OnLook(const proto::ServiceView& view, int64_t took_ms);
  void OnOutcome(const proto::Outcome& outcome);
  void TellWhatServes(const proto::ServiceView& view);
  void TellWhatRan(const proto::ServiceView& view);

  CommandKind command_;
  std::string service_;  // without the worker
  int worker_ = 0;
  bool one_of_all_;
  proto::Level level_;
  OperationResult result_;
  int64_t pause_ms_ = 0;
  // What the first answer was, while the one to a second request is waited for.
  std::optional<proto::Response::Kind> first_;
};

// "reloaded", "stopped": what was done.
std::string_view PastTense(CommandKind command);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_OPERATION_H_
