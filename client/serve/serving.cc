#include "client/serve/serving.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "client/exit_code.h"
#include "client/json_text.h"
#include "client/serve/service_file.h"
#include "client/session/clock.h"
#include "client/session/connect.h"
#include "client/session/session.h"
#include "client/watch/reload_command.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

// How often a master that does not answer yet is asked again, and how long an answer may take: meanwhile no
// signal is taken.
constexpr int64_t kAskAgainMs = 20;
constexpr int64_t kAnswerMs = 200;

Limits LimitsOf(int64_t answer_ms) {
  Limits limits;
  limits.timeout_ms = answer_ms;
  limits.deadline_ms = MonotonicMs() + answer_ms;
  return limits;
}

// Where the service listens, as its clients would write it; empty: the master does not say it.
std::string AddressOf(const std::string& socket_path) {
  absl::StatusOr<Session> session = Session::Open(socket_path, LimitsOf(kAnswerMs), Session::Hello::kAsk);
  if (!session.ok()) return "";
  proto::Request overview;
  overview.verb = proto::Request::Verb::kOverview;
  const absl::StatusOr<proto::Response> answer = session->Ask(overview);
  if (!answer.ok()) return "";
  for (const proto::ServiceView& service : answer->overview.services) {
    if (!service.sockets.empty()) return service.sockets[0].address;
  }
  return "";
}

std::string Upper(std::string word) {
  if (word != "asgi" && word != "wsgi") return word;
  std::ranges::transform(word, word.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  return word;
}

}  // namespace

Serving::Serving(const Context& context, Served served, Signals& signals, Child master,
                 std::optional<Reloader> reloader)
    : context_(context),
      served_(std::move(served)),
      signals_(signals),
      master_(std::move(master)),
      reloader_(std::move(reloader)) {}

int Serving::Run() {
  while (!master_end_.has_value()) {
    Wait();
    while (const std::optional<int> number = signals_.Take()) OnSignal(*number);
    if (!master_end_.has_value()) OnTime(MonotonicMs());
  }
  // Both need the master, which has ended.
  if (reloader_.has_value()) reloader_->Stop();
  if (start_.has_value()) {
    start_->Signal(SIGTERM);
    start_->AwaitEnd();
  }
  return ExitCode();
}

int64_t Serving::wake_ms(int64_t now_ms) const {
  if (phase_ == Phase::kComing) return std::max(now_ms, next_try_ms_);
  return phase_ == Phase::kServing && reloader_.has_value() ? reloader_->wake_ms() : kNever;
}

void Serving::Wait() {
  const int64_t now = MonotonicMs();
  const int64_t wake = wake_ms(now);
  const int64_t wait = wake == kNever ? -1 : std::clamp<int64_t>(wake - now, 0, 60'000);
  pollfd ready[] = {{signals_.fd(), POLLIN, 0}, {reloader_.has_value() ? reloader_->fd() : -1, POLLIN, 0}};
  poll(ready, 2, static_cast<int>(wait));
  if (ready[1].revents != 0) reloader_->OnReady(MonotonicMs());
}

void Serving::OnSignal(int number) {
  if (number != SIGCHLD) return End();
  master_end_ = master_end_.has_value() ? master_end_ : master_.TakeEnd();
  if (start_.has_value()) {
    if (const std::optional<int> end = start_->TakeEnd(); end.has_value()) {
      start_.reset();
      OnStarted(*end);
    }
  }
  if (!reloader_.has_value()) return;
  if (const std::optional<bool> reloaded = reloader_->TakeEnd(); reloaded.value_or(false)) Announce();
}

void Serving::OnTime(int64_t now_ms) {
  if (phase_ == Phase::kServing && reloader_.has_value()) reloader_->OnTime(now_ms);
  if (phase_ != Phase::kComing || now_ms < next_try_ms_) return;
  next_try_ms_ = now_ms + kAskAgainMs;
  if (access(served_.socket_path.c_str(), F_OK) != 0) return;
  // It answers when all that can fail before the first worker has gone well, the port above all.
  const absl::StatusOr<Session> session =
      Session::Open(served_.socket_path, LimitsOf(kAnswerMs), Session::Hello::kAsk);
  // Another fectld may have the socket, which is to be left alone: ours ends then.
  if (!session.ok() || session->master_pid() != master_.pid()) return;
  // A start of what is starting already waits for it, and says why it has failed.
  const base::UniqueFd nothing(open("/dev/null", O_WRONLY | O_CLOEXEC));
  absl::StatusOr<Child> start =
      Child::Start({.arguments = ReloadCommand(context_, served_.socket_path, "start", kServedName),
                    .environment = {"TERM=dumb"},
                    .out_fd = nothing.get()});
  phase_ = Phase::kStarting;
  if (start.ok()) {
    start_.emplace(*std::move(start));
    return;
  }
  has_failed_ = true;
  Fail(context_, kFailed, std::string(start.status().message()));
  End();
}

void Serving::OnStarted(int wait_status) {
  if (phase_ != Phase::kStarting) return;
  phase_ = Phase::kServing;
  if (EndedWell(wait_status)) return Announce();
  if (reloader_.has_value()) {
    context_.output.Err("fectl: the next change is tried again\n");
    return;
  }
  has_failed_ = true;
  if (context_.invocation.json)
    context_.output.Out(ErrorJson(kFailed, "the service does not start; standard error says why"));
  End();
}

void Serving::Announce() {
  if (std::exchange(is_announced_, true)) return;
  const std::string address = AddressOf(served_.socket_path);
  const std::string url = address.empty() ? "" : (served_.is_https ? "https://" : "http://") + address;
  if (context_.invocation.json) {
    context_.output.Out(ServingJson(url, served_.kind, served_.socket_path, master_.pid()));
    return;
  }
  const std::string workers =
      std::to_string(served_.workers) + (served_.workers == 1 ? " worker" : " workers");
  context_.output.Out("\nServing " + base::EscapeForTerminal(url) + (url.empty() ? "" : " ") + "(" +
                      Upper(served_.kind) + ", " + workers +
                      (reloader_.has_value() ? ", reloaded when files change" : "") + "). Ctrl-C ends it.\n" +
                      "In another terminal: fectl -m " + base::EscapeForTerminal(served_.socket_path) +
                      " status\n\n");
}

void Serving::End() {
  const bool is_again = std::exchange(has_ended_master_, true);
  if (!is_again && is_announced_)
    context_.output.Err("\nfectl: open requests are finished first; Ctrl-C again ends at once\n");
  phase_ = Phase::kEnding;
  if (reloader_.has_value()) reloader_->Stop();
  master_.Signal(is_again ? SIGINT : SIGTERM);
}

int Serving::ExitCode() const {
  if (has_failed_) return kFailed;
  if (EndedWell(*master_end_)) return kDone;
  // The signal may have come before its handler was installed.
  if (has_ended_master_ && WIFSIGNALED(*master_end_) && WTERMSIG(*master_end_) == SIGTERM) return kDone;
  return Fail(context_, kFailed, "fectld " + EndText(*master_end_));
}

}  // namespace fectl::client
