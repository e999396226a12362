#include "client/run_operations.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/rollouts/rollout_text.h"
#include "client/session/channel.h"
#include "client/session/clock.h"
#include "client/session/operation.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/session/worker_of.h"
#include "client/text/progress.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

// Connections at the same time. More services wait for one of these to be free: a master has a limit too, and
// other operators need some of it.
constexpr size_t kChannelsMax = 64;

class Operations {
 public:
  Operations(const Context& context, Session session, std::vector<SelectedService> services)
      : context_(context),
        session_(std::move(session)),
        progress_(&context.output, context.show_progress, MonotonicMs()) {
    for (SelectedService& service : services) {
      waiting_.emplace_back(context.invocation.command, std::move(service.name), session_.level(),
                            !service.by_name);
    }
    results_.resize(waiting_.size());
  }

  int Run() {
    free_.push_back(session_.TakeChannel());
    for (;;) {
      while (next_ < waiting_.size() && running_.size() < kChannelsMax) Begin(next_++);
      if (running_.empty()) break;
      Turn();
    }
    progress_.Erase();
    if (context_.invocation.json) context_.output.Out(OperationsJson(results_));
    if (!std::ranges::all_of(results_, &OperationResult::permitted)) return kNotPermitted;
    return std::ranges::all_of(results_, &OperationResult::ok) ? kDone : kFailed;
  }

 private:
  struct Running {
    size_t index;
    std::unique_ptr<Channel> channel;
    int64_t began_ms;
    std::optional<proto::Request> next;  // to be sent at ask_at_ms
    int64_t ask_at_ms = 0;
  };

  void Begin(size_t index) {
    const int64_t now = MonotonicMs();
    absl::StatusOr<std::unique_ptr<Channel>> channel = AnyChannel();
    absl::Status asked = channel.status();
    if (asked.ok()) asked = (*channel)->dialogue().Ask(waiting_[index].FirstRequest());
    if (!asked.ok()) {
      waiting_[index].OnEnd(asked, MonotonicMs() - now);
      return Finish(index);
    }
    (*channel)->Heard(MonotonicMs());
    running_.push_back({.index = index, .channel = *std::move(channel), .began_ms = now, .next = {}});
  }

  absl::StatusOr<std::unique_ptr<Channel>> AnyChannel() {
    if (free_.empty()) return session_.NewChannel();
    std::unique_ptr<Channel> channel = std::move(free_.back());
    free_.pop_back();
    return channel;
  }

  void Turn() {
    const int64_t now = MonotonicMs();
    ShowProgress(now);
    std::vector<Channel*> channels;
    int64_t wake_ms = progress_.wake_ms(now);
    for (const Running& one : running_) {
      channels.push_back(one.channel.get());
      if (one.next.has_value()) wake_ms = std::min(wake_ms, one.ask_at_ms);
    }
    PollOnce(channels, wake_ms);
    for (size_t i = 0; i < running_.size();) {
      if (Advance(running_[i])) {
        if (running_[i].channel->end().ok()) free_.push_back(std::move(running_[i].channel));
        const size_t index = running_[i].index;
        running_.erase(running_.begin() + static_cast<ptrdiff_t>(i));
        Finish(index);
      } else {
        ++i;
      }
    }
  }

  // True when the operation is over.
  bool Advance(Running& one) {
    Operation& operation = waiting_[one.index];
    while (std::optional<proto::Response> answer = one.channel->TakeAnswer()) {
      if (answer->kind == proto::Response::Kind::kErrorNotPermitted) {
        answer->text = std::string(NotPermitted(*answer).message());
      }
      const int64_t now = MonotonicMs();
      one.next = operation.OnAnswer(*answer, now - one.began_ms);
      if (!one.next.has_value()) return true;
      one.ask_at_ms = now + operation.pause_ms();
    }
    if (one.next.has_value() && one.ask_at_ms <= MonotonicMs()) {
      one.channel->Heard(MonotonicMs());
      if (!one.channel->dialogue().Ask(*std::exchange(one.next, std::nullopt)).ok()) return true;
    }
    if (one.channel->end().ok()) return false;
    operation.OnEnd(one.channel->end(), MonotonicMs() - one.began_ms);
    return true;
  }

  void Finish(size_t index) {
    const OperationResult& result = results_[index] = waiting_[index].result();
    ++finished_;
    progress_.Erase();
    if (!result.permitted) {
      // It is the same for all of them.
      if (!std::exchange(said_not_permitted_, true)) {
        context_.output.Err("fectl: " + base::EscapeForTerminal(result.reason) + "\n");
      }
      return;
    }
    const std::string line =
        base::EscapeForTerminal(result.service) + ": " + base::EscapeForTerminal(result.line) + "\n";
    if (!result.ok) {
      context_.output.Err("fectl: " + line + VerdictText(result.rollout, result.lines));
    } else if (!context_.invocation.json) {
      // Where the new workers had to prove themselves, that they did is of interest.
      context_.output.Out(line + (result.rollout.kept ? VerdictText(result.rollout, "") : ""));
    }
  }

  void ShowProgress(int64_t now) {
    const std::string verb(CommandOf(context_.invocation.command).name);
    if (results_.size() == 1) {
      progress_.Show(base::EscapeForTerminal(waiting_[0].result().service) + ": " + verb, now);
    } else {
      progress_.Show(
          verb + ": " + std::to_string(finished_) + " of " + std::to_string(results_.size()) + " done", now);
    }
  }

  const Context& context_;
  Session session_;
  Progress progress_;
  std::vector<Operation> waiting_;  // all of them, in the order of the command line
  std::vector<OperationResult> results_;
  size_t next_ = 0;
  size_t finished_ = 0;
  bool said_not_permitted_ = false;
  std::vector<Running> running_;
  std::vector<std::unique_ptr<Channel>> free_;
};

// Of SERVICE[N]: only a reload and a restart are of one worker.
absl::Status CheckWorkers(const Context& context, Session& session) {
  const std::vector<std::string>& operands = context.invocation.operands;
  const auto of_one = std::ranges::find_if(
      operands, [](const std::string& operand) { return ReadWorkerOf(operand).has_value(); });
  if (of_one == operands.end()) return absl::OkStatus();
  const CommandKind command = context.invocation.command;
  if (command != CommandKind::kReload && command != CommandKind::kRestart) {
    return absl::InvalidArgumentError(*of_one + " is one worker, which can be reloaded and restarted; " +
                                      std::string(CommandOf(command).name) + " takes services");
  }
  return session.NeedLevelThree("this fectld is too old to replace one worker alone");
}

}  // namespace

int RunOperations(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  if (absl::Status able = CheckWorkers(context, *session); !able.ok()) {
    return absl::IsInvalidArgument(able) ? Fail(context, kUsage, std::string(able.message()))
                                         : Fail(context, able);
  }
  std::vector<SelectedService> services;
  if (context.invocation.all) {
    const absl::StatusOr<std::vector<std::string>> names = session->ServiceNames();
    if (!names.ok()) return Fail(context, names.status());
    for (const std::string& name : *names) services.push_back({.name = name, .by_name = false});
  } else {
    absl::StatusOr<std::vector<SelectedService>> selected = Select(*session, context.invocation.operands);
    if (!selected.ok()) return Fail(context, selected.status());
    services = *std::move(selected);
  }
  return Operations(context, *std::move(session), std::move(services)).Run();
}

}  // namespace fectl::client
