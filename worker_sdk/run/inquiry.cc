#include "worker_sdk/run/inquiry.h"

#include <sys/wait.h>

#include "absl/strings/str_cat.h"

namespace fectl::run {

void Inquiry::Begin(const Conduct::Probe& probe, int64_t now_ms) {
  deadline_ms_ = now_ms + probe.limit_ms;
  if (probe.sign.kind == proto::ProgramSign::Kind::kExec) {
    BeginCommand(probe.sign.text);
    return;
  }
  http_ = std::make_unique<HttpProbe>(surroundings_.addresses.at(probe.sign.socket), probe.sign.text);
  WatchProbe();
}

void Inquiry::WatchProbe() {
  result_ = http_->Proceed();
  if (result_ || http_->fd() < 0) return;
  loop_->Watch(http_->fd(), http_->wanted_events(), [this] {
    loop_->Unwatch(http_->fd());
    WatchProbe();
  });
}

void Inquiry::BeginCommand(const std::string& command) {
  ProcessSpec spec{.argv = {"/bin/sh", "-c", command}, .environment = surroundings_.environment};
  spec.signal_mask = surroundings_.signal_mask;
  const auto started = StartProcess(spec);
  if (started.ok()) {
    command_ = started->pid;
  } else {
    result_ = absl::StrCat("cannot be run: ", std::string(started.status().message()));
  }
}

std::optional<Fault> Inquiry::CommandResult() {
  const std::optional<int> status = TakeEnd(*command_);
  if (!status) return std::nullopt;
  command_.reset();
  if (WIFSIGNALED(*status)) return absl::StrCat("was killed by signal ", WTERMSIG(*status));
  if (WEXITSTATUS(*status) == 0) return "";
  return absl::StrCat("exited with ", WEXITSTATUS(*status));
}

std::optional<Fault> Inquiry::Take(int64_t now_ms) {
  if (!deadline_ms_) return std::nullopt;
  std::optional<Fault> result = result_;
  if (!result && command_) result = CommandResult();
  if (!result && now_ms >= *deadline_ms_) result = http_ != nullptr ? http_->GiveUp() : "did not end in time";
  if (result) End();
  return result;
}

void Inquiry::End() {
  if (http_ != nullptr && http_->fd() >= 0) loop_->Unwatch(http_->fd());
  http_.reset();
  if (command_) {
    SignalProcess(*command_, SIGKILL);
    killed_.push_back(*command_);
    command_.reset();
  }
  std::erase_if(killed_, [](pid_t pid) { return TakeEnd(pid).has_value(); });
  result_.reset();
  deadline_ms_.reset();
}

}  // namespace fectl::run
