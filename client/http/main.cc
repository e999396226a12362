// fectl-http: metrics, probes and a page of a fectld. See fectl-http(8).
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/http/command_line.h"
#include "client/http/listener.h"
#include "client/http/server.h"
#include "client/process/signals.h"
#include "client/session/clock.h"
#include "client/session/socket_path.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/version.h"
#include "worker_sdk/worker.h"

namespace fectl::http {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
// What is being answered when it is stopped by hand has so long.
constexpr int64_t kStopByHandMs = 2'000;
// Before fectld kills: for the end itself.
constexpr int64_t kEndMs = 100;

void Say(const std::string& text) {
  std::cerr << "fectl-http: " << text << std::endl;
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::Status Listen(const CommandLine& line, const Worker& worker, Server* server) {
  if (worker.managed()) {
    if (!line.listen.empty()) {
      return absl::InvalidArgumentError(
          "--listen is for a start by hand: under fectld write a [[socket]] with service "
          "= [\"" +
          worker.service() + "\"]");
    }
    if (worker.sockets().empty()) {
      return absl::InvalidArgumentError(
          "there is no socket to serve on: write a [[socket]] with service = [\"" + worker.service() + "\"]");
    }
    for (const Socket& socket : worker.sockets()) {
      absl::StatusOr<Listener> listener = Listener::Adopt(socket.fd, socket.name, line.remote);
      if (!listener.ok()) return listener.status();
      server->AddListener(*std::move(listener));
    }
    return absl::OkStatus();
  }
  if (line.listen.empty()) {
    return absl::InvalidArgumentError(
        "say where to listen, as with --listen=127.0.0.1:9180, or make it a service of "
        "fectld (see fectl-http --help)");
  }
  for (const std::string& address : line.listen) {
    absl::StatusOr<Listener> listener = Listener::Open(address, line.remote);
    if (!listener.ok()) return listener.status();
    server->AddListener(*std::move(listener));
  }
  return absl::OkStatus();
}

// The loop: of the server, of the worker, and of signals where there is no master that would send commands.
class Loop {
 public:
  Loop(Server* server, Worker* worker, client::Signals* signals)
      : server_(server), worker_(worker), signals_(signals) {}

  void Begin() {
    worker_->SetCallbacks({
        .on_start = [this] { server_->SetAccepting(true); },
        .on_pause = [this] { server_->SetAccepting(false); },
        .on_resume = [this] { server_->SetAccepting(true); },
        .on_stop =
            [this](std::chrono::milliseconds left) {
              const int64_t now_ms = client::MonotonicMs();
              server_->Stop(now_ms + std::max<int64_t>(0, left.count() - kEndMs), now_ms);
            },
    });
    // Whether fectld may be asked is best known now.
    const int64_t now_ms = client::MonotonicMs();
    server_->link().WantSign(now_ms, now_ms);
    worker_->Loaded();
    if (!worker_->managed()) server_->SetAccepting(true);
  }

  void Run() {
    while (!server_->stopped()) Turn();
  }

 private:
  void Turn() {
    polled_.clear();
    polled_.push_back({worker_->poll_fd(), POLLIN, 0});  // -1 is passed over
    polled_.push_back({signals_ == nullptr ? -1 : signals_->fd(), POLLIN, 0});
    const size_t own = polled_.size();
    server_->Add(&polled_);
    const int64_t before_ms = client::MonotonicMs();
    const int64_t wait_ms = std::clamp<int64_t>(server_->wake_ms(before_ms) - before_ms, 0, 60'000);
    const int beat_ms = worker_->poll_timeout_ms();
    const int timeout =
        beat_ms < 0 ? static_cast<int>(wait_ms) : std::min(static_cast<int>(wait_ms), beat_ms);
    if (poll(polled_.data(), polled_.size(), timeout) < 0) {
      // A signal; the next turn finds what there is.
      for (pollfd& one : polled_) one.revents = 0;
    }
    const int64_t now_ms = client::MonotonicMs();
    server_->Turn(polled_.data() + own, now_ms, client::WallSeconds());
    TellTrouble();
    worker_->SetGauge("open", static_cast<double>(server_->connections())).IgnoreError();
    if (const absl::Status heard = worker_->Dispatch(); !heard.ok()) Say(std::string(heard.message()));
    while (signals_ != nullptr) {
      const std::optional<int> signal = signals_->Take();
      if (!signal.has_value()) break;
      if (*signal != SIGCHLD) server_->Stop(now_ms + kStopByHandMs, now_ms);
    }
  }

  // In the status of the service, and in the output: why answers are 503.
  void TellTrouble() {
    MasterLink& link = server_->link();
    const bool failed = std::max(link.sign_state().failed_ms, link.view_state().failed_ms) >= 0;
    const std::string trouble = failed ? link.trouble() : "";
    if (trouble == told_) return;
    told_ = trouble;
    worker_->Status(trouble);
    Say(trouble.empty() ? "fectld answers again" : trouble);
  }

  Server* server_;
  Worker* worker_;
  client::Signals* signals_;
  std::vector<pollfd> polled_;
  std::string told_;
};

int Serve(const CommandLine& line, Worker* worker) {
  // What is written to a reader that has gone is an error of the call, not our end.
  signal(SIGPIPE, SIG_IGN);
  const std::string directory = worker->managed() ? "" : Variable("BUILD_WORKING_DIRECTORY");
  Server server(line, client::SocketPath(line.sock, Variable("FECTL_SOCK"), directory));
  const absl::Status listening = Listen(line, *worker, &server);
  if (!listening.ok()) {
    const std::string words = base::EscapeForTerminal(std::string(listening.message()));
    Say(words);
    if (!worker->managed()) return absl::IsInvalidArgument(listening) ? kExitUsage : kExitFailed;
    worker->ConfigError("fectl-http: " + words);
    return Worker::kExitInitFailed;
  }
  std::optional<client::Signals> signals;
  if (!worker->managed()) {
    absl::StatusOr<client::Signals> blocked = client::Signals::Block();
    if (!blocked.ok()) {
      Say(std::string(blocked.status().message()));
      return kExitFailed;
    }
    signals.emplace(*std::move(blocked));
    for (const Listener& listener : server.listeners()) Say("serving " + listener.url());
  }
  Loop loop(&server, worker, signals.has_value() ? &*signals : nullptr);
  loop.Begin();
  loop.Run();
  return 0;
}

int Main(const std::vector<std::string>& words) {
  auto worker = Worker::FromEnvironment();
  if (!worker.ok()) {
    Say(std::string(worker.status().message()));
    return Worker::kExitInitFailed;
  }
  const absl::StatusOr<CommandLine> line = ParseCommandLine(words);
  if (!line.ok()) {
    const std::string text = base::EscapeForTerminal(std::string(line.status().message()));
    Say(text);
    (*worker)->ConfigError("fectl-http: " + text);
    return (*worker)->managed() ? Worker::kExitInitFailed : kExitUsage;
  }
  if (line->action == CommandLine::Action::kHelp) {
    std::cout << HelpText();
    return 0;
  }
  if (line->action == CommandLine::Action::kVersion) {
    std::cout << "fectl-http " << proto::kVersion << '\n';
    return 0;
  }
  return Serve(*line, worker->get());
}

}  // namespace
}  // namespace fectl::http

int main(int argc, char** argv) {
  return fectl::http::Main(std::vector<std::string>(argv + 1, argv + argc));
}
