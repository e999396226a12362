#include "client/testing/fake_control_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "proto_spec/base/unix_address.h"
#include "proto_spec/frame.h"
#include "proto_spec/version.h"

namespace fectl::client {
namespace {

// A test which cannot have its server has nothing to test.
void Must(bool done, const char* what) {
  if (done) return;
  perror(what);
  abort();
}

constexpr int64_t kPid = 4711;

}  // namespace

FakeStep Answer(proto::Response response) {
  FakeStep step;
  step.response = std::move(response);
  return step;
}

FakeStep Answer(proto::Response::Kind kind, std::string text) {
  proto::Response response;
  response.kind = kind;
  response.text = std::move(text);
  return Answer(std::move(response));
}

FakeStep Bytes(std::string bytes) {
  FakeStep step;
  step.kind = FakeStep::Kind::kBytes;
  step.bytes = std::move(bytes);
  return step;
}

FakeStep Close() {
  FakeStep step;
  step.kind = FakeStep::Kind::kClose;
  return step;
}

FakeStep HoldUntil(size_t requests) {
  FakeStep step;
  step.kind = FakeStep::Kind::kHold;
  step.requests = requests;
  return step;
}

FakeStep Die() {
  FakeStep step;
  step.kind = FakeStep::Kind::kDie;
  return step;
}

FakeControlServer::FakeControlServer(FakeScript script, Hello hello, int version)
    : script_(std::move(script)), hello_(hello), version_(version) {
  char directory[] = "/tmp/fectl-client-XXXXXX";
  Must(mkdtemp(directory) != nullptr, "mkdtemp");
  directory_ = directory;
  path_ = directory_ + "/fectld.sock";
  const base::UnixAddress address(path_);
  listener_ = base::UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Must(bind(listener_.get(), address.get(), address.size()) == 0, "bind");
  Must(listen(listener_.get(), 4096) == 0, "listen");
  stop_ = base::UniqueFd(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { Serve(); });
}

FakeControlServer::~FakeControlServer() {
  Must(eventfd_write(stop_.get(), 1) == 0, "eventfd_write");
  thread_.join();
  unlink(path_.c_str());
  rmdir(directory_.c_str());
}

std::vector<proto::Request> FakeControlServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

size_t FakeControlServer::connections() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

size_t FakeControlServer::connections_max() const {
  const std::lock_guard lock(mutex_);
  return open_max_;
}

void FakeControlServer::Serve() {
  for (;;) {
    std::vector<pollfd> ready = {{stop_.get(), POLLIN, 0}, {dead_ ? -1 : listener_.get(), POLLIN, 0}};
    for (const Connection& connection : connections_) ready.push_back({connection.fd.get(), POLLIN, 0});
    if (poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[0].revents != 0) return;
    size_t i = 2;
    for (Connection& connection : connections_) {
      if (ready[i++].revents != 0) Read(connection);
    }
    // After all have been read: a request on one may be what another one is held for.
    for (Connection& connection : connections_) RunSteps(connection);
    if (dead_) {
      listener_.reset();
      unlink(path_.c_str());
      connections_.clear();
    }
    std::erase_if(connections_, [](const Connection& connection) { return connection.closed; });
    if (ready[1].revents != 0 && !dead_) Accept();
  }
}

void FakeControlServer::Accept() {
  base::UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) return;
  connections_.push_back({.fd = std::move(fd),
                          .reader = proto::FrameReader(proto::kRequestBytesMax, /*long_frames=*/true),
                          .steps = {}});
  const std::lock_guard lock(mutex_);
  ++accepted_;
  open_max_ = std::max(open_max_, connections_.size());
}

void FakeControlServer::Read(Connection& connection) {
  char buffer[4096];
  const ssize_t got = recv(connection.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (got <= 0) {
    connection.closed = got == 0 || (errno != EAGAIN && errno != EINTR);
    return;
  }
  connection.reader.Append(std::string_view(buffer, static_cast<size_t>(got)));
  while (!connection.closed) {
    const auto payload = connection.reader.Next();
    if (!payload.ok() || !payload->has_value()) return;
    const absl::StatusOr<proto::Request> request = proto::DecodeRequest(**payload);
    Must(request.ok(), "the client sent no request");
    Take(connection, *request);
  }
}

void FakeControlServer::Take(Connection& connection, const proto::Request& request) {
  if (request.verb != proto::Request::Verb::kHello) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::vector<FakeStep> steps = script_(request);
    connection.steps.insert(connection.steps.end(), steps.begin(), steps.end());
    return;
  }
  if (hello_ == Hello::kClose) {
    connection.closed = true;
    return;
  }
  proto::Response hello;
  hello.kind = proto::Response::Kind::kHello;
  hello.version = std::min(request.version, version_);
  connection.level = proto::AgreedLevel(hello.version);
  hello.text = proto::kServerName;
  hello.pid = kPid;
  connection.steps.push_back(Answer(hello));
}

void FakeControlServer::RunSteps(Connection& connection) {
  while (!connection.steps.empty() && !connection.closed && !dead_) {
    const FakeStep step = connection.steps.front();
    if (step.kind == FakeStep::Kind::kHold && requests().size() < step.requests) return;
    connection.steps.erase(connection.steps.begin());
    if (step.kind == FakeStep::Kind::kAnswer) {
      std::string frame;
      const std::string payload = proto::EncodeResponse(step.response, connection.level);
      Must(proto::AppendFrame(payload, connection.level, &frame).ok(), "an answer fits no frame");
      Send(connection, frame);
    } else if (step.kind == FakeStep::Kind::kBytes) {
      Send(connection, step.bytes);
    } else if (step.kind == FakeStep::Kind::kClose) {
      connection.closed = true;
    } else if (step.kind == FakeStep::Kind::kDie) {
      dead_ = true;
    }
  }
}

void FakeControlServer::Send(Connection& connection, const std::string& bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t sent = send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      connection.closed = true;
      return;
    }
    rest.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace fectl::client
