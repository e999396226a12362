#ifndef MASTER_RUNTIME_WAITING_H_
#define MASTER_RUNTIME_WAITING_H_

#include <cstdint>
#include <optional>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/runtime/control/control_server.h"
#include "proto_spec/control_messages.h"

namespace fectl::runtime {

// A request that was handed to the supervisor.
struct Waiting {
  ClientId client = 0;
  std::optional<core::ServiceId> service;
  proto::Verb verb = proto::Verb::kQuit;
  core::Instant began;
  int serving = 0;        // workers that did when it began
  uint32_t num = 0;       // kScale: those that are wanted
  core::Span leave_wait;  // how long its answer may wait for old workers
};

// An answer of level 3 that waits for old workers to leave, or for the last lines of what has failed.
struct Settling {
  Waiting waiting;
  proto::Response response;
  core::Instant done_at;
  std::optional<uint32_t> failed = {};  // the slot whose failure it is about
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WAITING_H_
