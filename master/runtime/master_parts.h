#ifndef MASTER_RUNTIME_MASTER_PARTS_H_
#define MASTER_RUNTIME_MASTER_PARTS_H_

#include <sys/resource.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/config/config.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/loop/signals.h"
#include "master/platform/notify/notify_socket.h"
#include "master/platform/sockets/control_socket.h"
#include "master/runtime/listeners/listener_set.h"
#include "master/runtime/logs/log_link.h"
#include "master/runtime/own_log/log_output.h"
#include "master/runtime/own_log/own_streams.h"
#include "master/runtime/workers/service_plan.h"

namespace fectl::runtime {

// What the master is made of. Everything is open, and privileges are dropped already.
struct MasterParts {
  std::unique_ptr<platform::EventLoop> loop;
  std::unique_ptr<platform::Signals> signals;
  std::optional<OwnStreams> streams;
  std::unique_ptr<LogOutput> log;
  std::unique_ptr<platform::ControlSocket> control;
  std::vector<config::Grant> allow;  // who may use it
  std::unique_ptr<ListenerSet> listeners;
  std::vector<PlannedService> services;
  config::Config config;           // of which `services` were made
  std::string file;                // an absolute path
  std::vector<std::string> files;  // that were read: this one first
  int64_t loaded_at_ns = 0;        // unix time
  std::string start_directory;     // from which `file` was loaded
  Environment inherited;           // for workers
  rlimit open_files = {};          // likewise
  LogSurroundings log_surroundings;
  std::string termination_message;  // a file; empty: none
  platform::NotifySocket notify;    // whoever started fectld wants to be told there
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_MASTER_PARTS_H_
