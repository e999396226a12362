// The demonstration in C++: an HTTP server as a fectl worker. Under fectld it serves on every socket of its
// service, whose `arguments` may set limits ("keepalive=30", "header_timeout=10", "request_timeout=60",
// "linger=2"); by hand (`hello_cpp [PORT]`) on 127.0.0.1:8081.
//
//   /              who answers        /block?ms=N   blocks the whole loop, so that heartbeats stop
//   /slow?ms=N     answers later      /crash        ends by a signal
//   /healthz       ok                 /exit?code=N  exits at once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "testdata/demo/http_connection.h"
#include "testdata/demo/http_request.h"
#include "worker_sdk/drain/epoll_server.h"
#include "worker_sdk/drain/limits.h"
#include "worker_sdk/worker.h"

namespace {

using demo::Request;
using demo::Response;
using fectl::drain::EpollServer;

std::string WhoAmI(const fectl::Worker& worker) {
  const char* version = getenv("HELLO_VERSION");
  const std::string place = worker.managed()
                                ? "worker " + std::to_string(worker.index() + 1) + " of " + worker.service()
                                : "a worker on its own";
  return place + ", pid " + std::to_string(getpid()) + ", version " + (version == nullptr ? "1" : version);
}

Response AnswerTo(const Request& request, const std::string& who) {
  constexpr int64_t kMinuteMs = 60'000;
  if (request.method != "GET" && request.method != "HEAD") return {405, "only GET and HEAD\n"};
  if (request.path == "/") return {200, "hello from C++: " + who + "\n"};
  if (request.path == "/healthz") return {200, "ok\n"};
  if (request.path == "/slow") {
    const int64_t ms = request.Number("ms", 1000 * request.Number("seconds", 5, 60), kMinuteMs);
    return {200, "done after " + std::to_string(ms) + " ms: " + who + "\n", ms};
  }
  if (request.path == "/block") {
    const int64_t ms = request.Number("ms", 5'000, kMinuteMs);
    poll(nullptr, 0, static_cast<int>(ms));
    return {200, "blocked for " + std::to_string(ms) + " ms: " + who + "\n"};
  }
  if (request.path == "/crash") std::abort();
  if (request.path == "/exit") std::_Exit(static_cast<int>(request.Number("code", 0, 255)));
  return {404, "nothing here\n"};
}

int ListenByHand(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 256) != 0) {
    std::perror("hello_cpp: cannot listen");
    std::exit(1);
  }
  std::fprintf(stderr, "hello_cpp: no fectld here, serving http://127.0.0.1:%d/ on my own\n", port);
  return fd;
}

// False: the configuration is wrong, and the master has the reason.
bool AddSockets(fectl::Worker& worker, EpollServer& server) {
  if (worker.sockets().empty()) {
    worker.ConfigError("there is no socket for service " + worker.service());
    return false;
  }
  for (const fectl::Socket& socket : worker.sockets()) {
    const auto limits = fectl::drain::ReadLimits(socket.arguments);
    if (!limits.ok()) {
      worker.ConfigError("socket " + socket.name + ": " + std::string(limits.status().message()));
      return false;
    }
    server.AddListener(socket.fd, *limits);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  auto made = fectl::Worker::FromEnvironment();
  if (!made.ok()) {
    std::fprintf(stderr, "hello_cpp: %s\n", made.status().ToString().c_str());
    return fectl::Worker::kExitInitFailed;
  }
  fectl::Worker& worker = **made;
  const demo::Answer answer = [who = WhoAmI(worker)](const Request& request) {
    return AnswerTo(request, who);
  };
  int64_t answered = 0;
  EpollServer server(worker, [&](const fectl::drain::Accepted& accepted) {
    return std::make_unique<demo::Connection>(accepted, &answer, &answered);
  });
  worker.SetCallbacks(server.WorkerCallbacks());
  server.OnBeat([&] {
    worker.SetGauge("open", static_cast<double>(server.open())).IgnoreError();
    worker.SetGauge("requests", static_cast<double>(answered)).IgnoreError();
  });
  if (worker.managed()) {
    if (!AddSockets(worker, server)) return fectl::Worker::kExitInitFailed;
    worker.Loaded();
  } else {
    server.AddListener(ListenByHand(argc > 1 ? std::atoi(argv[1]) : 8081));
    server.Resume();
  }

  while (!server.finished()) {
    if (const absl::Status status = server.Turn(); !status.ok()) {
      std::fprintf(stderr, "hello_cpp: %s\n", status.ToString().c_str());
    }
  }
  const std::string cut_off = server.cut_off().InWords();
  if (!cut_off.empty()) std::fprintf(stderr, "hello_cpp: %s\n", cut_off.c_str());
  return 0;
}
