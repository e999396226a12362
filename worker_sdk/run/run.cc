#include "worker_sdk/run/run.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/program_signs.h"
#include "worker_sdk/monotonic.h"
#include "worker_sdk/run/conduct.h"
#include "worker_sdk/run/http_probe.h"
#include "worker_sdk/run/inquiry.h"
#include "worker_sdk/run/log_line.h"
#include "worker_sdk/run/loop.h"
#include "worker_sdk/run/notify/notification.h"
#include "worker_sdk/run/notify/notify_socket.h"
#include "worker_sdk/run/notify/private_folder.h"
#include "worker_sdk/run/output/outputs.h"
#include "worker_sdk/run/plan.h"
#include "worker_sdk/run/process.h"
#include "worker_sdk/socket.h"

namespace fectl::run {
namespace {

using internal::MonotonicMs;

// Of a program that floods its socket only so much is read in a turn, so that the master's orders are read,
// too.
constexpr int kDatagramsPerTurn = 64;

class Run {
 public:
  Run(const CommandLine& line, Worker* worker)
      : line_(line),
        worker_(*worker),
        stop_signal_(SignalNumber(line.stop_signal)),
        conduct_(line.ready, line.watchdog) {}

  // Everything up to the fork. InvalidArgument: the configuration is wrong.
  absl::Status Prepare();
  int Serve();

 private:
  void WatchEverything();
  void OnOutcome();
  void OnNotified();
  void Handle(const Notification& said);
  void OnStop();
  void SayOnce(const std::string& key, const std::string& text);
  int TimeoutMs() const;
  void Turn();
  void TellMaster();
  bool Over() const;
  void SayWhoIsLeft();
  void KillAll();
  int End();

  const CommandLine& line_;
  Worker& worker_;
  const int stop_signal_;
  Conduct conduct_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<PrivateFolder> folder_;
  std::unique_ptr<NotifySocket> notify_;
  ProbeSocket probe_;
  std::unique_ptr<Outputs> outputs_;
  std::unique_ptr<Inquiry> inquiry_;
  base::UniqueFd children_;
  sigset_t mask_before_ = {};
  StartedProcess program_;
  std::optional<int> ended_;    // its status
  std::optional<int> not_run_;  // the errno of its exec
  bool stops_ = false;
  bool catches_stop_ = false;
  bool loaded_ = false;
  bool asked_to_leave_ = false;
  bool beat_ = true;  // as it was when the master was told last
  bool killed_ = false;
  std::string told_;  // the newest status
  std::set<std::string> said_;
};

absl::Status Run::Prepare() {
  auto loop = Loop::Make();
  if (!loop.ok()) return loop.status();
  loop_ = *std::move(loop);
  auto children = WatchChildren(&mask_before_);
  if (!children.ok()) return children.status();
  children_ = *std::move(children);
  auto folder = PrivateFolder::Make();
  if (!folder.ok()) return folder.status();
  folder_ = *std::move(folder);
  auto notify = NotifySocket::Open(*folder_);
  if (!notify.ok()) return notify.status();
  notify_ = *std::move(notify);
  if (NeedsPrivateSocket(line_)) {
    auto probe = ProbeSocket::Open(*folder_);
    if (!probe.ok()) return probe.status();
    probe_ = *std::move(probe);
  }
  auto plan = MakePlan(line_, worker_.sockets(), probe_.listener.get(), OwnEnvironment(), notify_->path());
  if (!plan.ok()) return plan.status();
  auto outputs = Outputs::Open(line_.ready.kind == proto::ProgramSign::Kind::kLog ? line_.ready.text : "");
  if (!outputs.ok()) return outputs.status();
  outputs_ = *std::move(outputs);

  plan->process.stdout_fd = outputs_->program_stdout();
  plan->process.stderr_fd = outputs_->program_stderr();
  plan->process.signal_mask = mask_before_;
  auto started = StartProcess(plan->process);
  if (!started.ok()) return started.status();
  program_ = *std::move(started);
  outputs_->CloseProgramEnds();
  // The program has its own copies, and ours would keep a queue alive that it has closed. A probe needs only
  // the address.
  probe_.listener.reset();
  for (const Socket& socket : worker_.sockets()) base::UniqueFd closed(socket.fd);
  plan->probes.environment.push_back(absl::StrCat("MAINPID=", program_.pid));
  plan->probes.signal_mask = mask_before_;
  if (probe_.file.valid()) plan->probes.addresses[""] = UnixAddress(probe_.address());
  inquiry_ = std::make_unique<Inquiry>(loop_.get(), std::move(plan->probes));
  return absl::OkStatus();
}

void Run::WatchEverything() {
  loop_->Watch(worker_.poll_fd(), EPOLLIN, [] {});  // Dispatch() comes in each turn
  loop_->Watch(children_.get(), EPOLLIN, [this] { ForgetChildSignals(children_.get()); });
  loop_->Watch(notify_->fd(), EPOLLIN, [this] { OnNotified(); });
  loop_->Watch(program_.outcome.get(), EPOLLIN, [this] { OnOutcome(); });
  outputs_->Attach(loop_.get());
  worker_.SetCallbacks({
      .on_pause =
          [this] {
            LogLine("the program cannot be paused: it goes on accepting");
            conduct_.Paused(true);
          },
      .on_resume = [this] { conduct_.Paused(false); },
      .on_stop = [this](std::chrono::milliseconds) { OnStop(); },
  });
}

void Run::OnOutcome() {
  loop_->Unwatch(program_.outcome.get());
  not_run_ = ReadFailure(program_.outcome.get());
  program_.outcome.reset();
  if (!not_run_) conduct_.Started(MonotonicMs());
}

void Run::SayOnce(const std::string& key, const std::string& text) {
  if (said_.insert(key).second) LogLine(text);
}

void Run::OnNotified() {
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    const auto datagram = notify_->Receive(program_.pid);
    if (!datagram) return;
    if (datagram->foreign) {
      SayOnce(
          "foreign",
          absl::StrCat("process ", datagram->sender,
                       " has sent to NOTIFY_SOCKET; it was not started by the program, so this is ignored"));
      continue;
    }
    Handle(ReadNotification(datagram->text));
  }
}

void Run::Handle(const Notification& said) {
  if (said.main_pid)
    SayOnce("main_pid", "MAINPID means nothing here: the program is the process that fectl-run starts");
  if (said.extend_ms && (!conduct_.ready() || stops_)) {
    SayOnce(stops_ ? "extend_stop" : "extend_start",
            absl::StrCat("the program asks for more time (EXTEND_TIMEOUT_USEC), but ",
                         stops_ ? "shutdown_timeout" : "startup_timeout",
                         " of its service in fectld.toml decides"));
  }
  conduct_.Notified(said, MonotonicMs());
}

void Run::OnStop() {
  if (stops_) return;
  stops_ = true;
  if (!conduct_.ready())
    LogLine("told to stop before the program was ready; it waited for " + conduct_.waits_for());
  conduct_.Stops();
  inquiry_->End();
  catches_stop_ = Catches(program_.pid, stop_signal_);
  // To the process alone: what it has started is its own affair, and may have to finish requests.
  if (!ended_) SignalProcess(program_.pid, stop_signal_);
}

int Run::TimeoutMs() const {
  int64_t due = INT64_MAX;
  const auto earlier = [&due](std::optional<int64_t> at) { due = std::min(due, at.value_or(INT64_MAX)); };
  const int64_t now_ms = MonotonicMs();
  earlier(worker_.deadline_ms());
  earlier(conduct_.deadline_ms());
  earlier(inquiry_->deadline_ms());
  if (const auto left = worker_.time_left(); left && worker_.master_lost() && !killed_)
    earlier(now_ms + left->count());
  if (due == INT64_MAX) return -1;
  return static_cast<int>(std::clamp<int64_t>(due - now_ms, 0, 60'000));
}

void Run::TellMaster() {
  if (conduct_.ready() && !loaded_) {
    loaded_ = true;
    worker_.Loaded();
  }
  if (conduct_.leaves() && !stops_ && !asked_to_leave_) {
    asked_to_leave_ = true;
    worker_.Stopping("the program says that it is stopping");
  }
  // Every message is a sign of life to the master: of one that hangs there is only the first, which says so.
  std::string status = conduct_.status();
  const bool beats = conduct_.beats();
  const bool first = std::exchange(beat_, beats);
  if (status == told_ || (!beats && !first)) return;
  if (!beats) LogLine("the program " + status);
  told_ = std::move(status);
  worker_.Status(told_);
}

void Run::Turn() {
  loop_->Turn(TimeoutMs());
  if (absl::Status read = worker_.Dispatch(); !read.ok()) LogLine(std::string(read.message()));
  if (!ended_) {
    ended_ = TakeEnd(program_.pid);
    if (ended_ && !Over()) SayWhoIsLeft();
  }
  const int64_t now_ms = MonotonicMs();
  if (outputs_->found()) conduct_.LineSeen(now_ms);
  if (const auto fault = inquiry_->Take(now_ms)) conduct_.Probed(fault->empty(), *fault, now_ms);
  conduct_.TimePassed(now_ms);
  worker_.HoldHeartbeats(!conduct_.beats());
  if (ended_) return;
  if (const auto probe = conduct_.DueProbe(now_ms)) inquiry_->Begin(*probe, now_ms);
  TellMaster();
}

// After a stop, what the program has started may still finish something, and writes through us.
bool Run::Over() const {
  return ended_ && (!stops_ || killed_ || !outputs_->open());
}

int Run::Serve() {
  WatchEverything();
  while (!Over()) {
    Turn();
    const bool late = worker_.master_lost() && worker_.time_left() == std::chrono::milliseconds(0);
    if (late && !killed_) KillAll();
  }
  return End();
}

// Its output is open still, as some processes have it that it has started.
void Run::SayWhoIsLeft() {
  outputs_->TakeEnds();
  if (!outputs_->open()) return;
  std::string text = WIFSIGNALED(*ended_) ? absl::StrCat("was killed by signal ", WTERMSIG(*ended_))
                                          : absl::StrCat("has exited with ", WEXITSTATUS(*ended_));
  const bool cut_short = WIFSIGNALED(*ended_) && WTERMSIG(*ended_) == stop_signal_ && !catches_stop_;
  if (cut_short) text += ", which it does not handle";
  text += "; what it has started goes on and is waited for";
  if (cut_short) text += ": if the command is a shell, write exec before the program";
  LogLine("the program " + text);
  worker_.Status("the program " + text);
}

// What the master would do, if there still was one.
void Run::KillAll() {
  LogLine("fectld is gone and the program has not left in time: it is killed");
  killed_ = true;
  if (!ended_) SignalProcess(program_.pid, SIGKILL);
  loop_->Unwatch(notify_->fd());
  notify_.reset();
  folder_.reset();
  KillOwnGroup();
}

int Run::End() {
  if (program_.outcome.valid()) OnOutcome();
  if (not_run_) {
    const std::string text = absl::StrCat("cannot run ", line_.command[0], ": ", strerror(*not_run_));
    LogLine(text);
    worker_.ConfigError(text);
    return Worker::kExitInitFailed;
  }
  outputs_->Finish();
  if (!loaded_ && !stops_) {
    const std::string last = outputs_->LastLine();
    worker_.Status(last.empty() ? "the program has ended before it was ready" : last);
  }
  notify_.reset();
  folder_.reset();
  const bool own_decision =
      stops_ && catches_stop_ && WIFSIGNALED(*ended_) && WTERMSIG(*ended_) == stop_signal_;
  return own_decision ? 0 : EndLike(*ended_);
}

}  // namespace

int RunProgram(const CommandLine& line, Worker* worker) {
  int status = 0;
  {
    Run run(line, worker);
    if (absl::Status prepared = run.Prepare(); !prepared.ok()) {
      LogLine(std::string(prepared.message()));
      worker->ConfigError(std::string(prepared.message()));
      return Worker::kExitInitFailed;
    }
    status = run.Serve();
  }
  return status;
}

}  // namespace fectl::run
