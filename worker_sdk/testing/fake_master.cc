#include "worker_sdk/testing/fake_master.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/environment.h"
#include "proto_spec/frame.h"
#include "proto_spec/message.h"
#include "proto_spec/worker_messages.h"
#include "worker_sdk/channel.h"
#include "worker_sdk/monotonic.h"

namespace fectl {
namespace {

using fectl::base::UniqueFd;

// How often a condition is asked again that no descriptor tells of (a program's exit, a test's own variable).
constexpr int kPollMs = 10;
// Source descriptors are moved here before they are placed, so that placing one cannot overwrite another.
constexpr int kFirstSpareFd = 100;

std::pair<UniqueFd, UniqueFd> MakePipe() {
  int fds[2] = {-1, -1};
  if (pipe2(fds, O_CLOEXEC) != 0) abort();  // no descriptors: no test can go on
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace

FakeMaster::FakeMaster(Options options) : options_(std::move(options)) {
  std::tie(worker_read_, to_worker_) = MakePipe();
  std::tie(from_worker_, worker_write_) = MakePipe();
  fcntl(from_worker_.get(), F_SETFL, O_NONBLOCK);
}

FakeMaster::~FakeMaster() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  int status;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

int FakeMaster::AddTcpSocket(std::string name, std::string app, std::vector<std::string> arguments) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  // The cast is the socket API's own.
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), generic, length) != 0 || listen(listener.get(), 1024) != 0 ||
      getsockname(listener.get(), generic, &length) != 0) {
    abort();  // no loopback: no test can go on
  }
  Socket socket;
  socket.name = std::move(name);
  socket.fd = listener.get();
  socket.family = AF_INET;
  socket.type = SOCK_STREAM;
  socket.protocol = IPPROTO_TCP;
  socket.app = std::move(app);
  socket.arguments = std::move(arguments);
  sockets_.push_back(std::move(socket));
  listeners_.push_back(std::move(listener));
  return ntohs(address.sin_port);
}

void FakeMaster::AddSocket(const Socket& socket) {
  listeners_.emplace_back(fcntl(socket.fd, F_DUPFD_CLOEXEC, 3));
  sockets_.push_back(socket);
  sockets_.back().fd = listeners_.back().get();
}

Worker::Variables FakeMaster::Describe(int read_fd, int write_fd, const std::vector<int>& sockets) const {
  Worker::Variables variables;
  variables[proto::kChannelVariable] = proto::FormatChannel({read_fd, write_fd});
  variables[proto::kServiceNameVariable] = options_.service;
  variables[proto::kWorkerIndexVariable] = std::to_string(options_.index);
  if (options_.level >= 2) {
    variables[proto::kWorkerLaneVariable] = "0";
    variables[proto::kLevelVariable] = std::to_string(options_.level);
    variables[proto::kTimeoutVariable] = proto::FormatSeconds(options_.timeout_ms);
    variables[proto::kShutdownTimeoutVariable] = proto::FormatSeconds(options_.shutdown_timeout_ms);
  }
  for (size_t i = 0; i < sockets_.size(); ++i) {
    const Socket& socket = sockets_[i];
    variables[proto::kSocketVariablePrefix + socket.name] =
        proto::FormatSocket({sockets[i], socket.family, socket.type, socket.protocol});
    if (!socket.app.empty()) variables[proto::kAppVariablePrefix + socket.name] = socket.app;
    if (!socket.arguments.empty()) {
      variables[proto::kArgumentsVariablePrefix + socket.name] = proto::FormatArguments(socket.arguments);
    }
  }
  return variables;
}

Worker::Variables FakeMaster::HandOver() {
  std::vector<int> sockets;
  for (const UniqueFd& listener : listeners_) sockets.push_back(fcntl(listener.get(), F_DUPFD_CLOEXEC, 3));
  const int read_fd = worker_read_.release();
  return Describe(read_fd, worker_write_.release(), sockets);
}

absl::StatusOr<pid_t> FakeMaster::Spawn(const std::vector<std::string>& command,
                                        const std::vector<std::string>& extra_environment) {
  std::vector<UniqueFd> sources;
  for (int fd : {worker_read_.get(), worker_write_.get()})
    sources.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, kFirstSpareFd));
  for (const Socket& socket : sockets_)
    sources.emplace_back(fcntl(socket.fd, F_DUPFD_CLOEXEC, kFirstSpareFd));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  std::vector<int> socket_fds;
  for (size_t i = 0; i < sources.size(); ++i) {
    const int target = 3 + static_cast<int>(i);
    posix_spawn_file_actions_adddup2(&actions, sources[i].get(), target);
    if (i >= 2) socket_fds.push_back(target);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, 3 + static_cast<int>(sources.size()));

  const char* path = getenv("PATH");
  std::vector<std::string> environment = {absl::StrCat("PATH=", path == nullptr ? "/usr/bin:/bin" : path)};
  for (const auto& [name, value] : Describe(3, 4, socket_fds))
    environment.push_back(absl::StrCat(name, "=", value));
  environment.insert(environment.end(), extra_environment.begin(), extra_environment.end());
  std::vector<std::string> arguments = command;
  std::vector<char*> argv, envp;
  for (std::string& text : arguments) argv.push_back(text.data());
  for (std::string& text : environment) envp.push_back(text.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  const int error = posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  }
  worker_read_.reset();
  worker_write_.reset();
  return pid_;
}

void FakeMaster::Signal(int signal_number) {
  if (pid_ > 0) kill(pid_, signal_number);
}

std::optional<int> FakeMaster::WaitExit() {
  std::optional<int> result;
  WaitUntil([&] {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return false;
    pid_ = -1;
    result = status;
    return true;
  });
  return result;
}

void FakeMaster::Send(std::string_view cmd, std::string_view data) {
  std::string frame;
  if (proto::AppendFrame(proto::EncodeEnvelope(cmd, data), proto::Level::kBase, &frame).ok())
    SendBytes(frame);
}

void FakeMaster::SendBytes(std::string_view bytes) {
  while (!bytes.empty() && to_worker_.valid()) {
    const auto count = internal::WriteToPipe(to_worker_.get(), bytes);
    if (!count) return;  // the worker is gone: hung_up() will say so
    bytes.remove_prefix(*count);
  }
}

void FakeMaster::Die() {
  to_worker_.reset();
  from_worker_.reset();
}

void FakeMaster::ReadWhatIsThere() {
  if (deaf_ || !from_worker_.valid()) return;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t count = read(from_worker_.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) hung_up_ = true;
    if (count <= 0) break;
    unread_.append(buffer, count);
  }
  // Cut by hand, so that this side does not share a mistake with the library that it tests.
  while (unread_.size() >= 2) {
    const size_t length =
        static_cast<unsigned char>(unread_[0]) * 256u + static_cast<unsigned char>(unread_[1]);
    if (unread_.size() < 2 + length) break;
    Take(std::string_view(unread_).substr(2, length));
    unread_.erase(0, 2 + length);
  }
}

void FakeMaster::Take(std::string_view payload) {
  auto envelope = proto::DecodeEnvelope(payload);
  auto message = proto::DecodeWorkerMessage(payload);
  if (!envelope.ok() || !message.ok()) {
    if (complaint_.empty()) complaint_ = std::string(message.status().message());
    if (!envelope.ok()) return;
  }
  const std::string_view cmd = envelope->cmd;
  const bool base = cmd == "loaded" || cmd == "hb" || cmd == "reload" || cmd == "restart";
  if (options_.level < 2 && complaint_.empty() && !(base && envelope->data.empty()) && cmd != "cfgerror") {
    complaint_ = absl::StrCat("not known at the base level: ", proto::QuotedStart(payload));
  }
  if (options_.level < 3 && complaint_.empty() && cmd == "lease") {
    complaint_ = absl::StrCat("not known at level 2: ", proto::QuotedStart(payload));
  }
  messages_.push_back({envelope->cmd, std::string(envelope->data)});
}

bool FakeMaster::WaitFor(std::string_view cmd, Message* message) {
  return WaitUntil([&] {
    const auto found = std::find_if(messages_.begin(), messages_.end(),
                                    [&](const Message& candidate) { return candidate.cmd == cmd; });
    if (found == messages_.end()) return false;
    if (message != nullptr) *message = *found;
    messages_.erase(found);
    return true;
  });
}

bool FakeMaster::WaitUntil(const std::function<bool()>& condition) {
  const int64_t end_ms = internal::MonotonicMs() + options_.patience_ms;
  while (true) {
    if (worker_ != nullptr) worker_->Dispatch().IgnoreError();
    ReadWhatIsThere();
    if (condition()) return true;
    if (internal::MonotonicMs() >= end_ms) return false;
    // Descriptors of -1 are ignored by poll(2).
    pollfd fds[2] = {{deaf_ || hung_up_ ? -1 : from_worker_.get(), POLLIN, 0},
                     {worker_ != nullptr ? worker_->poll_fd() : -1, POLLIN, 0}};
    int timeout_ms = kPollMs;
    if (worker_ != nullptr && worker_->poll_timeout_ms() >= 0)
      timeout_ms = std::min(timeout_ms, worker_->poll_timeout_ms());
    poll(fds, 2, timeout_ms);
  }
}

std::vector<FakeMaster::Message> FakeMaster::TakeMessages() {
  ReadWhatIsThere();
  return std::exchange(messages_, {});
}

}  // namespace fectl
