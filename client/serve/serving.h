#ifndef FECTL_CLIENT_SERVE_SERVING_H_
#define FECTL_CLIENT_SERVE_SERVING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/context.h"
#include "client/process/child.h"
#include "client/process/signals.h"
#include "client/watch/reloader.h"

namespace fectl::client {

// What is served, in the words of the announcement.
struct Served {
  std::string kind;  // "asgi"
  int workers = 1;
  bool is_https = false;
  std::string socket_path;  // the control socket
};

// A fectld of our own from its start to its end: says when its service serves, reloads it when files change,
// and ends it when a signal comes or the service does not start.
class Serving {
 public:
  // `signals` was made before the master was started. Without a reloader a service that does not start is
  // the end.
  Serving(const Context& context, Served served, Signals& signals, Child master,
          std::optional<Reloader> reloader);

  // Until the master has ended; the exit code.
  int Run();

 private:
  enum class Phase {
    kComing,    // the master does not answer yet
    kStarting,  // it does; its service is awaited
    kServing,   // the service serves, or waits for a change that makes it do so
    kEnding,    // the master was sent a signal to end
  };

  int64_t wake_ms(int64_t now_ms) const;
  void Wait();
  void OnSignal(int number);
  void OnTime(int64_t now_ms);
  void OnStarted(int wait_status);
  void Announce();
  // Tells the master to end, more urgently each time.
  void End();
  int ExitCode() const;

  const Context& context_;
  Served served_;
  Signals& signals_;
  Child master_;
  std::optional<Reloader> reloader_;
  Phase phase_ = Phase::kComing;
  int64_t next_try_ms_ = 0;
  std::optional<Child> start_;  // waits for the service
  bool is_announced_ = false;
  bool has_failed_ = false;
  std::optional<int> master_end_;  // its status
  bool has_ended_master_ = false;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_SERVING_H_
