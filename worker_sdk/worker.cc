#include "worker_sdk/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/environment.h"
#include "proto_spec/frame.h"
#include "worker_sdk/channel.h"
#include "worker_sdk/monotonic.h"
#include "worker_sdk/session.h"
#include "worker_sdk/termination.h"
#include "worker_sdk/variables.h"

namespace fectl {
namespace {

using internal::MonotonicMs;
using internal::Session;

// As the service's own default. An old master does not tell.
constexpr int64_t kShutdownTimeoutMsDefault = 30'000;

absl::Status CheckDescriptors(const internal::WorkerVariables& variables) {
  absl::Status status = internal::CheckPipeEnd(variables.read_fd, /*for_reading=*/true);
  if (status.ok()) status = internal::CheckPipeEnd(variables.write_fd, /*for_reading=*/false);
  if (status.ok() && variables.read_fd == variables.write_fd) {
    status = absl::InvalidArgumentError("it must name two descriptors");
  }
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("environment variable ", proto::kChannelVariable, ": ", status.message()));
  }
  for (const Socket& socket : variables.sockets) {
    status = internal::CheckSocket(socket.fd);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("environment variable ", proto::kSocketVariablePrefix,
                                                     socket.name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

class Worker::Impl {
 public:
  Impl(internal::WorkerVariables variables, Callbacks callbacks)
      : variables_(std::move(variables)),
        callbacks_(std::move(callbacks)),
        session_(variables_.level, internal::HeartbeatIntervalMs(variables_.timeout_ms),
                 variables_.shutdown_timeout_ms.value_or(kShutdownTimeoutMsDefault)) {}

  ~Impl() {
    if (channel_ != nullptr) {
      internal::ForgetTermination(channel_->wake_fd(), session_.kill_ms().has_value());
    }
  }

  absl::Status Open(const Options& options) {
    if (!variables_.managed) {
      auto wake = internal::MakeWakeFd();
      if (!wake.ok()) return wake.status();
      unmanaged_wake_ = *std::move(wake);
      return absl::OkStatus();
    }
    auto channel = internal::Channel::Open(variables_.read_fd, variables_.write_fd);
    if (!channel.ok()) return channel.status();
    channel_ = *std::move(channel);
    for (const Socket& socket : variables_.sockets) internal::PrepareDescriptor(socket.fd);
    if (options.handle_sigterm) internal::NoticeTermination(channel_->wake_fd());
    parent_pid_ = getppid();
    return absl::OkStatus();
  }

  absl::Status Dispatch();
  absl::Status Run();
  // Writes what the session has to say, until the pipe is full.
  void Flush();

  void Wake() { internal::Wake(wake_fd()); }
  int wake_fd() const { return channel_ != nullptr ? channel_->wake_fd() : unmanaged_wake_.get(); }
  bool managed() const { return channel_ != nullptr; }
  int poll_fd() const { return channel_->poll_fd(); }

  internal::WorkerVariables variables_;
  Callbacks callbacks_;
  Session session_;
  std::map<int, std::function<void()>> watched_;
  std::atomic<bool> quit_{false};

 private:
  absl::Status ReadAll(int64_t now_ms);
  void Lost(int64_t now_ms);
  void RunCallbacks();
  void CallStop();
  void PollWatched(int timeout_ms);

  std::unique_ptr<internal::Channel> channel_;  // null: not managed
  base::UniqueFd unmanaged_wake_;
  pid_t parent_pid_ = 0;
  bool dispatching_ = false;
  bool nothing_to_finish_ = false;  // a stop came, and the application has no callback for it
};

absl::Status Worker::Impl::Dispatch() {
  if (!managed() || dispatching_) return absl::OkStatus();
  dispatching_ = true;
  // Reset also when a callback throws.
  const std::unique_ptr<bool, void (*)(bool*)> reset(&dispatching_, [](bool* flag) { *flag = false; });

  const int64_t now_ms = MonotonicMs();
  const internal::Channel::Ready ready = channel_->Wait();
  // Taken before the commands are read: the master writes `stop` first and then sends SIGTERM, so if a `stop`
  // belongs to this SIGTERM, it is read below, even where it came after the wait.
  const bool terminated = internal::TakeTermination(channel_->wake_fd());
  absl::Status status;
  if (ready.read || terminated) status = ReadAll(now_ms);
  // An old master's pipes may be held open by what it forked: then only the parent tells that it is gone. A
  // level-2 master may hand its workers over to a successor, which is not their parent.
  const bool orphan = session_.level() < 2 && getppid() != parent_pid_;
  if (ready.broken || orphan || !status.ok()) Lost(now_ms);
  if (terminated) session_.Terminated(now_ms);

  // Before the callbacks, which may take their time, and after them.
  session_.Tick(now_ms);
  Flush();
  RunCallbacks();
  session_.Tick(MonotonicMs());
  Flush();
  // The loss can be noticed as late as by the last write.
  RunCallbacks();
  return status;
}

absl::Status Worker::Impl::ReadAll(int64_t now_ms) {
  // Until there is nothing more, so that edge-triggered loops are woken by the next command.
  char buffer[16 * 1024];
  while (!session_.lost()) {
    const auto count = channel_->Read(buffer, sizeof(buffer));
    if (!count) break;
    if (*count == 0) {
      Lost(now_ms);
      break;
    }
    if (auto status = session_.Received({buffer, *count}, now_ms); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("the master cannot be understood: ", status.message()));
    }
  }
  return absl::OkStatus();
}

void Worker::Impl::Lost(int64_t now_ms) {
  if (session_.lost()) return;
  session_.Lost(now_ms);
  channel_->Shut();
  // The loss may be noticed outside of Dispatch(), which has to run for the callback.
  if (!dispatching_) Wake();
}

void Worker::Impl::Flush() {
  while (!session_.outbox().empty()) {
    const auto count = channel_->Write(session_.outbox().front());
    if (!count) {
      Lost(MonotonicMs());
    } else if (*count == 0) {
      channel_->WantRoom(true);
      return;
    } else {
      session_.outbox().Sent(*count);
      if (session_.outbox().empty()) session_.OutboxEmptied(MonotonicMs());
    }
  }
  if (managed()) channel_->WantRoom(false);
}

void Worker::Impl::RunCallbacks() {
  // Each is copied before the call, so that it may replace the callbacks.
  const auto call = [this](std::function<void()> Callbacks::*which) {
    if (auto callback = callbacks_.*which) callback();
  };
  while (auto event = session_.NextEvent()) {
    switch (event->kind) {
      case Session::EventKind::kStart:
        call(&Callbacks::on_start);
        break;
      case Session::EventKind::kPause:
        call(&Callbacks::on_pause);
        break;
      case Session::EventKind::kResume:
        call(&Callbacks::on_resume);
        break;
      case Session::EventKind::kStop:
        CallStop();
        break;
      case Session::EventKind::kMasterLost:
        if (callbacks_.on_master_lost) {
          call(&Callbacks::on_master_lost);
        } else if (session_.StopForLoss()) {
          CallStop();
        }
        break;
      case Session::EventKind::kMessage:
        if (auto on_message = callbacks_.on_message) on_message(event->json);
        break;
    }
  }
}

void Worker::Impl::CallStop() {
  if (auto on_stop = callbacks_.on_stop) {
    on_stop(std::chrono::milliseconds(std::max<int64_t>(0, *session_.kill_ms() - MonotonicMs())));
  } else {
    nothing_to_finish_ = true;
  }
}

absl::Status Worker::Impl::Run() {
  absl::Status result;
  while (!quit_.load()) {
    result.Update(Dispatch());
    if (quit_.load() || nothing_to_finish_) break;
    int64_t deadline_ms = session_.deadline_ms().value_or(INT64_MAX);
    const int64_t now_ms = MonotonicMs();
    if (session_.state() == Session::State::kStopping) {
      if (now_ms >= *session_.kill_ms()) {
        return absl::DeadlineExceededError("the time for stopping was over before Quit() was called");
      }
      deadline_ms = std::min(deadline_ms, *session_.kill_ms());
    }
    PollWatched(deadline_ms == INT64_MAX
                    ? -1
                    : static_cast<int>(std::clamp<int64_t>(deadline_ms - now_ms, 0, 60'000)));
  }
  quit_.store(false);
  return result;
}

void Worker::Impl::PollWatched(int timeout_ms) {
  std::vector<pollfd> fds;
  fds.push_back({managed() ? poll_fd() : unmanaged_wake_.get(), POLLIN, 0});
  for (const auto& [fd, callback] : watched_) fds.push_back({fd, POLLIN, 0});
  if (poll(fds.data(), fds.size(), timeout_ms) <= 0) return;
  if (!managed() && fds[0].revents != 0)
    internal::ClearWake(unmanaged_wake_.get());  // else Dispatch() does it
  for (size_t i = 1; i < fds.size(); ++i) {
    if (fds[i].revents == 0) continue;
    // An earlier callback may have ended this one's watch.
    const auto it = watched_.find(fds[i].fd);
    if (it == watched_.end()) continue;
    if ((fds[i].revents & POLLNVAL) != 0) {
      watched_.erase(it);  // closed without Unwatch(): would be reported for ever
      continue;
    }
    auto callback = it->second;  // may Unwatch() itself
    callback();
  }
}

absl::StatusOr<std::unique_ptr<Worker>> Worker::FromVariables(const Variables& variables, Callbacks callbacks,
                                                              Options options) {
  auto read = internal::ReadVariables(variables);
  if (!read.ok()) return read.status();
  if (read->managed) {
    if (auto status = CheckDescriptors(*read); !status.ok()) return status;
  }
  auto impl = std::make_unique<Impl>(*std::move(read), std::move(callbacks));
  if (auto status = impl->Open(options); !status.ok()) return status;
  if (const std::string dropped = impl->variables_.dropped; !dropped.empty()) {
    // So that it is the reason which operators see, and nobody tries again.
    impl->session_.ConfigError(dropped);
    impl->Flush();
    return absl::InvalidArgumentError(dropped);
  }
  return std::unique_ptr<Worker>(new Worker(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Worker>> Worker::FromEnvironment(Callbacks callbacks, Options options) {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !internal::IsWorkerVariable(text.substr(0, equals))) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  auto worker = FromVariables(variables, std::move(callbacks), options);
  if (worker.ok() && (*worker)->managed() && options.unset_variables) {
    for (const auto& [name, value] : variables) unsetenv(name.c_str());
  }
  return worker;
}

absl::StatusOr<std::unique_ptr<Worker>> Worker::FromEnvironment(Callbacks callbacks) {
  return FromEnvironment(std::move(callbacks), Options());
}

Worker::Worker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Worker::~Worker() = default;

void Worker::SetCallbacks(Callbacks callbacks) {
  impl_->callbacks_ = std::move(callbacks);
}

bool Worker::managed() const {
  return impl_->managed();
}
const std::string& Worker::service() const {
  return impl_->variables_.service;
}
int Worker::index() const {
  return impl_->variables_.index;
}
std::optional<int> Worker::lane() const {
  return impl_->variables_.lane;
}
int Worker::level() const {
  return impl_->variables_.level;
}
const std::vector<Socket>& Worker::sockets() const {
  return impl_->variables_.sockets;
}

const Socket* Worker::FindSocket(std::string_view name) const {
  for (const Socket& socket : sockets()) {
    if (socket.name == name) return &socket;
  }
  return nullptr;
}

Worker::State Worker::state() const {
  return static_cast<State>(impl_->session_.state());
}
static_assert(static_cast<int>(Worker::State::kStopping) == static_cast<int>(Session::State::kStopping));
bool Worker::master_lost() const {
  return impl_->session_.lost();
}

std::optional<std::chrono::milliseconds> Worker::time_left() const {
  if (state() != State::kStopping) return std::nullopt;
  return std::chrono::milliseconds(std::max<int64_t>(0, *impl_->session_.kill_ms() - MonotonicMs()));
}

int Worker::poll_fd() const {
  return managed() ? impl_->poll_fd() : -1;
}
std::optional<int64_t> Worker::deadline_ms() const {
  return impl_->session_.deadline_ms();
}

int Worker::poll_timeout_ms() const {
  const auto deadline = deadline_ms();
  // Both are whole milliseconds, cut off: at a difference of 0 the deadline has begun.
  return deadline ? static_cast<int>(std::max<int64_t>(0, *deadline - MonotonicMs())) : -1;
}

absl::Status Worker::Dispatch() {
  return impl_->Dispatch();
}
absl::Status Worker::Run() {
  return impl_->Run();
}
void Worker::Watch(int fd, std::function<void()> on_readable) {
  impl_->watched_[fd] = std::move(on_readable);
}
void Worker::Unwatch(int fd) {
  impl_->watched_.erase(fd);
}

void Worker::Quit() {
  impl_->quit_.store(true);
  impl_->Wake();
}

void Worker::Loaded() {
  if (!managed()) return;
  impl_->session_.Loaded(MonotonicMs());
  impl_->Flush();
}

void Worker::Heartbeat() {
  if (!managed()) return;
  impl_->session_.Heartbeat(MonotonicMs());
  impl_->Flush();
}

void Worker::HoldHeartbeats(bool hold) {
  if (!managed()) return;
  impl_->session_.HoldHeartbeats(hold, MonotonicMs());
  impl_->Flush();
}

void Worker::RequestReload() {
  if (!managed()) return;
  impl_->session_.RequestReload();
  impl_->Flush();
}

void Worker::RequestRestart() {
  if (!managed()) return;
  impl_->session_.RequestRestart();
  impl_->Flush();
}

void Worker::ConfigError(std::string_view text) {
  if (!managed()) return;
  impl_->session_.ConfigError(text);
  impl_->Flush();
}

void Worker::Status(std::string_view text) {
  if (!managed()) return;
  impl_->session_.Status(text);
  impl_->Flush();
}

void Worker::Stopping(std::string_view text) {
  if (!managed()) return;
  impl_->session_.Stopping(text);
  impl_->Flush();
}

void Worker::Lease(std::chrono::milliseconds length, std::string_view why, int64_t progress) {
  if (!managed()) return;
  impl_->session_.Lease(std::chrono::duration<double>(length).count(), why, progress);
  impl_->Flush();
}

void Worker::EndLease() {
  Lease(std::chrono::milliseconds(0), "");
}

absl::Status Worker::SetGauge(std::string_view name, double value) {
  return impl_->session_.SetGauge(name, value);
}

absl::Status Worker::SendMessage(std::string_view json) {
  if (!managed()) return absl::FailedPreconditionError("there is no master: the program was started by hand");
  absl::Status status = impl_->session_.SendMessage(json);
  impl_->Flush();
  return status;
}

}  // namespace fectl
