// The smallest useful worker: greets everybody who connects. Start it from fectld; worker_sdk/README.md shows
// how.
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "worker_sdk/worker.h"

int main() {
  auto made = fectl::Worker::FromEnvironment();
  if (!made.ok() || !(*made)->managed()) {
    std::fprintf(stderr, "minimal: %s\n",
                 made.ok() ? "start me from fectld" : made.status().ToString().c_str());
    return fectl::Worker::kExitInitFailed;
  }
  fectl::Worker& worker = **made;
  const fectl::Socket* socket = worker.FindSocket("greet");
  if (socket == nullptr) {
    worker.ConfigError("a socket named 'greet' is needed");
    return fectl::Worker::kExitInitFailed;
  }

  const auto greet = [socket] {
    const int client = accept(socket->fd, nullptr, nullptr);
    if (client < 0) return;  // another worker was faster
    constexpr char kText[] = "hello\n";
    send(client, kText, strlen(kText), MSG_NOSIGNAL);
    close(client);
  };
  worker.SetCallbacks({
      .on_start = [&] { worker.Watch(socket->fd, greet); },
      .on_pause = [&] { worker.Unwatch(socket->fd); },
      .on_resume = [&] { worker.Watch(socket->fd, greet); },
      // Without an on_stop, Run() returns when the master says stop: nothing is left open here.
  });
  worker.Loaded();
  return worker.Run().ok() ? 0 : 1;
}
