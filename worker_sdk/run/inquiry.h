// The probe that is under way: a GET, or a command.
#ifndef FECTL_WORKER_SDK_RUN_INQUIRY_H_
#define FECTL_WORKER_SDK_RUN_INQUIRY_H_

#include <signal.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker_sdk/run/conduct.h"
#include "worker_sdk/run/http_probe.h"
#include "worker_sdk/run/loop.h"
#include "worker_sdk/run/process.h"

namespace fectl::run {

class Inquiry {
 public:
  struct Surroundings {
    // Of the service's sockets by name, and of the private one by the empty name.
    std::map<std::string, SocketAddress> addresses = {};
    std::vector<std::string> environment = {};  // of commands
    sigset_t signal_mask = {};
  };

  // `loop` outlives it.
  Inquiry(Loop* loop, Surroundings surroundings) : loop_(loop), surroundings_(std::move(surroundings)) {}
  ~Inquiry() { End(); }
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  // Only one at a time.
  void Begin(const Conduct::Probe& probe, int64_t now_ms);
  // Ends the present one without a result.
  void End();
  // Its result, once. To be called after each turn of the loop and after each end of a child.
  std::optional<Fault> Take(int64_t now_ms);
  // When Take() is to be called at the latest.
  std::optional<int64_t> deadline_ms() const { return deadline_ms_; }

 private:
  void BeginCommand(const std::string& command);
  void WatchProbe();
  std::optional<Fault> CommandResult();

  Loop* const loop_;
  const Surroundings surroundings_;
  std::unique_ptr<HttpProbe> http_;
  std::optional<pid_t> command_;
  std::vector<pid_t> killed_;  // commands that took too long, until they are reaped
  std::optional<Fault> result_;
  std::optional<int64_t> deadline_ms_;  // set while one is under way
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_INQUIRY_H_
