#ifndef MASTER_SIM_TRACE_H_
#define MASTER_SIM_TRACE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"

namespace fectl::sim {

// All that a supervisor was told, with times: enough to repeat what it did without a world.
struct Trace {
  struct Entry {
    core::Instant at;
    core::Event event;
  };

  // Of all services that ever are, by their numbers.
  std::vector<std::string> Names() const;

  std::vector<core::ServicePolicy> policies;  // of those that are there at the boot
  uint64_t random_seed = 0;
  core::Instant begin;  // of the boot
  std::vector<Entry> entries;
};

// One line each, as in the files of testdata/scenarios:
//
//   service web num=2 restarts=3 surge=0 timeout=10s startup=30s shutdown=30s
//   seed 7
//   0.000000000 spawned web/1#1 pid=100
//   0.250000000 loaded web/1#1
//
// Slots are counted from 1, times in seconds from the boot.
std::string ToText(const Trace& trace);
// One of them, without the end of the line; `names` as of Trace::Names().
std::string ToText(const Trace& trace, const Trace::Entry& entry, const std::vector<std::string>& names);

// The other way. An error is one sentence with the line's number. Lines that begin with '#' or '>' are passed
// over: comments, and what a scenario expects.
struct ParsedTrace {
  Trace trace;
  std::optional<std::string> error;
};
ParsedTrace ParseTrace(std::string_view text);

}  // namespace fectl::sim

#endif  // MASTER_SIM_TRACE_H_
