// A worker whose loop is asio's: one thread, one io_context.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "worker_sdk/drain/asio_link.h"
#include "worker_sdk/drain/asio_server.h"
#include "worker_sdk/drain/limits.h"
#include "worker_sdk/examples/asio_http.h"
#include "worker_sdk/worker.h"

int main() {
  auto made = fectl::Worker::FromEnvironment();
  if (!made.ok() || !(*made)->managed()) {
    std::fprintf(stderr, "asio_hello: %s\n",
                 made.ok() ? "start me from fectld" : made.status().ToString().c_str());
    return fectl::Worker::kExitInitFailed;
  }
  fectl::Worker& worker = **made;

  asio::io_context context;
  fectl::asio::Link link(context, worker);
  fectl::asio::Server server(
      context, [](fectl::asio::Accepted accepted) { return std::make_shared<Http>(std::move(accepted)); });
  for (const fectl::Socket& socket : worker.sockets()) {
    const auto limits = fectl::drain::ReadLimits(socket.arguments);
    if (!limits.ok()) {
      worker.ConfigError("socket " + socket.name + ": " + std::string(limits.status().message()));
      return fectl::Worker::kExitInitFailed;
    }
    server.AddListener(socket.fd, socket.family, *limits);
  }
  worker.SetCallbacks({
      .on_start = [&] { server.Resume(); },
      .on_pause = [&] { server.Pause(); },
      .on_resume = [&] { server.Resume(); },
      .on_stop = [&](std::chrono::milliseconds left) { server.Stop(left.count(), [&] { context.stop(); }); },
  });
  link.OnBeat([&] { worker.SetGauge("open", static_cast<double>(server.open())).IgnoreError(); });
  link.Loaded();
  context.run();

  const std::string cut_off = server.cut_off().InWords();
  if (!cut_off.empty()) std::fprintf(stderr, "asio_hello: %s\n", cut_off.c_str());
  return 0;
}
