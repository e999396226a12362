// A worker with several io_contexts, each run by a thread of its own. The main thread's context has the
// Worker and its Link, and serves nothing; the others serve, and get their orders by post().
#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <list>
#include <memory>
#include <thread>
#include <utility>

#include "worker_sdk/drain/asio_link.h"
#include "worker_sdk/drain/asio_server.h"
#include "worker_sdk/examples/asio_http.h"
#include "worker_sdk/worker.h"

namespace {

constexpr int kThreads = 2;

std::shared_ptr<fectl::asio::Connection> MakeHttp(fectl::asio::Accepted accepted) {
  return std::make_shared<Http>(std::move(accepted));
}

struct Part {
  asio::io_context context{1};
  fectl::asio::Server server{context, MakeHttp};
  std::thread thread;
};

}  // namespace

int main() {
  // Before the first thread: the environment is read and changed here.
  auto made = fectl::Worker::FromEnvironment();
  if (!made.ok() || !(*made)->managed()) {
    std::fprintf(stderr, "asio_threads: %s\n",
                 made.ok() ? "start me from fectld" : made.status().ToString().c_str());
    return fectl::Worker::kExitInitFailed;
  }
  fectl::Worker& worker = **made;

  asio::io_context context{1};
  fectl::asio::Link link(context, worker);
  std::list<Part> parts(kThreads);
  for (Part& part : parts) {
    link.Guard(part.context);  // a part that hangs stops the heartbeats
    for (const fectl::Socket& socket : worker.sockets()) {
      part.server.AddListener(fcntl(socket.fd, F_DUPFD_CLOEXEC, 0), socket.family);
    }
  }
  for (const fectl::Socket& socket : worker.sockets()) close(socket.fd);  // the copies are enough

  const auto each = [&parts](const auto& order) {
    for (Part& part : parts) asio::post(part.context, [&part, order] { order(part); });
  };
  // Only the Worker's thread knows what it is: parts that have ended say so to it.
  int serving = kThreads;
  worker.SetCallbacks({
      .on_start = [&] { each([](Part& part) { part.server.Resume(); }); },
      .on_pause = [&] { each([](Part& part) { part.server.Pause(); }); },
      .on_resume = [&] { each([](Part& part) { part.server.Resume(); }); },
      .on_stop =
          [&](std::chrono::milliseconds left) {
            each([&, left](Part& part) {
              part.server.Stop(left.count(), [&] {
                part.context.stop();
                asio::post(context, [&] {
                  if (--serving == 0) context.stop();
                });
              });
            });
          },
  });
  for (Part& part : parts) part.thread = std::thread([&part] { part.context.run(); });
  link.Loaded();
  context.run();

  for (Part& part : parts) part.thread.join();
  return 0;
}
