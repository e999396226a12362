#include "master/runtime/workers/worker_link.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "master/platform/children/pipes.h"
#include "master/runtime/limits.h"
#include "proto_spec/environment.h"
#include "proto_spec/worker_messages.h"

namespace fectl::runtime {
namespace {

std::string_view Payload(core::Order order) {
  using Kind = proto::MasterCommand::Kind;
  // Encoded once: the same four frames go to every worker.
  static const std::string kStart = proto::EncodeMasterCommand({Kind::kStart, {}});
  static const std::string kPause = proto::EncodeMasterCommand({Kind::kPause, {}});
  static const std::string kResume = proto::EncodeMasterCommand({Kind::kResume, {}});
  static const std::string kStop = proto::EncodeMasterCommand({Kind::kStop, {}});
  switch (order) {
    case core::Order::kStart:
      return kStart;
    case core::Order::kPause:
      return kPause;
    case core::Order::kResume:
      return kResume;
    case core::Order::kStop:
      return kStop;
  }
  return kStop;
}

}  // namespace

WorkerLink::~WorkerLink() {
  StopReading();
}

absl::Status WorkerLink::Start(platform::LaunchSpec spec, const Streams& streams,
                               platform::LowDescriptors* low, platform::Children* children) {
  auto pipes = platform::OpenChannelPipes();
  if (!pipes.ok()) return pipes.status();
  std::vector<int> passed = {pipes->worker_read.get(), pipes->worker_write.get()};
  passed.insert(passed.end(), streams.sockets.begin(), streams.sockets.end());

  // The watch first: when it fails there is no process yet that would have to be taken back.
  absl::Status watched = loop_->Watch(pipes->master_read.get(), EPOLLIN, this);
  if (!watched.ok()) return watched;
  read_ = std::move(pipes->master_read);
  const platform::PreparedLaunch launch(std::move(spec));
  platform::LaunchOutcome outcome = launch.Launch(
      {.stdin_fd = -1, .stdout_fd = streams.stdout_fd, .stderr_fd = streams.stderr_fd, .passed_fds = passed},
      low);
  if (const auto* error = std::get_if<platform::LaunchError>(&outcome)) {
    StopReading();
    // A limit that was reached now may not be reached in a second: the supervisor is told the difference.
    return error->IsTransient() ? absl::ResourceExhaustedError(error->ToString())
                                : absl::InternalError(error->ToString());
  }
  TakeOver(std::move(std::get<platform::LaunchResult>(outcome)), std::move(pipes->master_write), children);
  return absl::OkStatus();
}

absl::Status WorkerLink::Adopt(platform::LaunchResult process, base::UniqueFd read, base::UniqueFd write,
                               platform::Children* children) {
  absl::Status watched = loop_->Watch(read.get(), EPOLLIN, this);
  if (!watched.ok()) return watched;
  read_ = std::move(read);
  TakeOver(std::move(process), std::move(write), children);
  return absl::OkStatus();
}

void WorkerLink::TakeOver(platform::LaunchResult process, base::UniqueFd write,
                          platform::Children* children) {
  child_ = children->Adopt(std::move(process), this);
  // Called when the worker has closed its end: it is exiting, or can no longer receive commands.
  orders_ = std::make_unique<OrderQueue>(loop_, std::move(write),
                                         [this] { sink_->Emit(core::ChannelClosed{who_}); });
}

void WorkerLink::Send(core::Order order) {
  // After `stop` nothing follows (M5), also not what still waits for the worker to read.
  if (order == core::Order::kStop && orders_ != nullptr) orders_->RefuseMessages();
  Push(Payload(order));
}

void WorkerLink::SendBeat() {
  static const std::string kBeat = proto::EncodeMasterCommand({proto::MasterCommand::Kind::kHeartbeat, {}});
  Push(kBeat);
}

void WorkerLink::Push(std::string_view payload) {
  if (orders_ == nullptr || orders_->Push(payload) || orders_->closed() || unread_) return;
  unread_ = true;
  sink_->Emit(core::WorkerViolated{who_, "leaves its commands unread"});
}

bool WorkerLink::SendMessage(std::string_view payload) {
  return inbox_.level() >= 2 && takes_messages() && orders_->PushMessage(payload);
}

void WorkerLink::KillAll() {
  killed_ = true;
  if (group_ == nullptr) {
    child_->SignalGroup(SIGKILL).IgnoreError();
  } else if (absl::IsNotFound(group_->Kill())) {
    sink_->Emit(core::GroupEnded{who_});
  }
}

void WorkerLink::Signal(core::Sig sig) {
  if (child_ == nullptr || (child_->reaped() && group_ == nullptr)) return;
  // A process before its exec has nothing to finish, and shares the master's memory, which another signal
  // could dump: SIGKILL only.
  if (child_->in_flight().pending()) {
    child_->in_flight().Abandon();
    sig = core::Sig::kKill;
  }
  // An error means that the process is no more, or that it became another user's: then the next stage
  // follows, and in the end people are told.
  switch (sig) {
    case core::Sig::kTerminate:
      child_->Signal(SIGTERM).IgnoreError();
      // A stopped process acts on no signal but SIGKILL until it is continued.
      child_->Signal(SIGCONT).IgnoreError();
      break;
    case core::Sig::kQuit:
      // Its default action is a core dump, which nobody wants of an end that somebody asked for.
      child_->ForbidCoreDump().IgnoreError();
      child_->Signal(SIGQUIT).IgnoreError();
      child_->Signal(SIGCONT).IgnoreError();
      break;
    case core::Sig::kKill:
      KillAll();
      break;
  }
}

void WorkerLink::Release() {
  if (child_ != nullptr && !child_->reaped()) child_->Release();
  if (group_ != nullptr) group_->Release();
}

void WorkerLink::OnReady(uint32_t /*events*/) {
  switch (ReadOnce()) {
    case ReadResult::kMore:
      child_->in_flight() = {};  // it speaks, so it runs its program
      if (inbox_.inside_message()) sink_->Emit(core::WorkerBeganMessage{who_});
      break;
    case ReadResult::kNothing:
      break;
    case ReadResult::kEnd:
      StopReading();
      sink_->Emit(core::ChannelClosed{who_});
      break;
  }
}

WorkerLink::ReadResult WorkerLink::ReadOnce() {
  // One buffer for all: the reader copies what it keeps.
  static std::array<char, kReadBytesPerTurn> buffer;
  for (;;) {
    const ssize_t got = read(read_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      inbox_.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
      return ReadResult::kMore;
    }
    if (got == 0) return ReadResult::kEnd;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? ReadResult::kNothing : ReadResult::kEnd;
  }
}

void WorkerLink::OnChildExit(platform::Child& child, const platform::ExitStatus& status) {
  // What it wrote is handed in before its exit: a `cfgerror` says more than the exit code after it.
  for (size_t got = 0; read_.valid() && got < kLastMessagesBytes; got += kReadBytesPerTurn) {
    if (ReadOnce() != ReadResult::kMore) break;
  }
  group_ = child.TakeGroup(this);
  if (group_ == nullptr) {
    StopReading();
    orders_.reset();
  }
  if (const auto failure = child.in_flight().Failure(status); failure.has_value()) {
    const auto kind =
        failure->IsTransient() ? core::StartFailure::kTransient : core::StartFailure::kPermanent;
    sink_->Emit(core::SpawnFailed{who_, failure->ToString(), kind});
    return;
  }
  const bool signaled = status.kind == platform::ExitStatus::Kind::kSignaled;
  sink_->Emit(core::Exited{
      .who = who_,
      .signaled = signaled,
      .number = status.code,
      .core_dumped = status.core_dumped,
      .out_of_memory = signaled && status.code == SIGKILL && !killed_ && memory_kills_->TakeOne(),
      .inside_message = group_ == nullptr && inbox_.inside_message(),
      .group_left = group_ != nullptr,
      .words = inbox_.loaded() ? "" : inbox_.note()});
}

void WorkerLink::OnGroupEnd(platform::LeftGroup& /*group*/) {
  StopReading();
  orders_.reset();
  sink_->Emit(core::GroupEnded{who_});
}

void WorkerLink::StopReading() {
  loop_->Close(std::move(read_));
}

}  // namespace fectl::runtime
