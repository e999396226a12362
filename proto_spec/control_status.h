// What level 2 says about services: the answers to `Overview` and `Inspect`. Member names on the wire equal
// the field names here. Plain values; the master fills them, the client prints them.
#ifndef FECTL_PROTO_SPEC_CONTROL_STATUS_H_
#define FECTL_PROTO_SPEC_CONTROL_STATUS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::proto {

struct SocketView {
  std::string name{};
  std::string address{};  // "127.0.0.1:8080", "[::1]:8080", "/run/app.sock": what to connect to, in fact

  friend bool operator==(const SocketView&, const SocketView&) = default;
};

// Something that happened to one worker.
struct EventView {
  int worker = 1;         // from 1
  int64_t timestamp = 0;  // unix seconds
  int64_t pid = 0;        // 0: none
  std::string state{};    // a worker's state, in words (below)
  std::string reason{};   // in words

  friend bool operator==(const EventView&, const EventView&) = default;
};

// A process that was told to leave and has not ended, with what it started.
struct LeavingView {
  int64_t pid = 0;
  double uptime_s = 0;     // seconds since it started
  double leaving_s = 0;    // seconds since it was told to leave
  double time_left_s = 0;  // seconds until it is killed; 0: it has been

  friend bool operator==(const LeavingView&, const LeavingView&) = default;
};

// One slot.
struct WorkerView {
  int index = 1;  // from 1
  // starting, running, paused, reloading, restarting, waiting (for its next try), stopping, stopped or
  // failed.
  std::string state{};
  int64_t pid = 0;       // 0: no process
  double uptime_s = 0;   // seconds since the process started; 0 without one
  int64_t restarts = 0;  // since the service was started
  // Why it is as it is, or why the last process ended; in words, empty if nothing happened.
  std::string cause{};
  std::string note{};                                    // the worker's own `status` line
  double retry_in_s = 0;                                 // waiting: seconds to the next try
  std::vector<int64_t> leaving{};                        // pids of replaced processes that have not ended yet
  std::vector<std::pair<std::string, double>> gauges{};  // from the last heartbeat
  std::vector<LeavingView> leaving_processes{};          // those of `leaving`, with more of them
  // What its last process wrote that has failed, with newlines; only for who may read lines of workers, and
  // only while none of its processes runs. Empty and absent: nothing.
  std::string last_lines{};
  // These two are absent where it has not said that it is busy: with what, and for how many more seconds it
  // may be.
  std::string busy{};
  double busy_left_s = 0;
  double beat_age_s = 0;  // seconds since its last heartbeat; absent where there is none yet

  friend bool operator==(const WorkerView&, const WorkerView&) = default;
};

struct ServiceView {
  std::string name{};
  // running, degraded, crashing, paused, failed, stopped, starting, reloading, restarting or stopping.
  std::string state{};
  int num = 0;           // configured workers
  int ready = 0;         // of them, those that serve: loaded and not paused
  double uptime_s = 0;   // seconds since the service began to run; 0 while it does not
  int64_t restarts = 0;  // of all workers
  std::string cause{};   // of the last change that nobody asked for; in words, empty if none
  std::vector<SocketView> sockets{};
  int still_leaving = 0;  // processes of all workers that were told to leave and have not ended
  // Since the last command of an operator: how many that were told to finish ended by a signal instead, and
  // how many of them by the SIGTERM which told them.
  int undrained = 0;
  int undrained_sigterm = 0;
  // These are absent where they say nothing. Which version of the configuration changed it last.
  int64_t config_version = 0;
  std::string not_taken{};  // why a newer version is not what runs
  int file_num = 0;         // workers that the configuration says, where an operator wants another number
  std::string scaled_by{};  // that operator: "user 0"
  int64_t scaled_at = 0;    // unix seconds
  std::vector<std::string> labels{};
  std::string type{};  // oneshot
  // Absent in an overview.
  std::vector<WorkerView> workers{};
  std::vector<EventView> events{};  // oldest first

  friend bool operator==(const ServiceView&, const ServiceView&) = default;
};

struct MasterView {
  int64_t pid = 0;
  std::string version{};
  double uptime_s = 0;
  std::vector<ServiceView> services{};
  // Absent where fectld is older. The version of the configuration that runs, and the files that it was read
  // from; those that were changed after the time (unix, in ns; 0: all of them) are not what runs.
  int64_t config_version = 0;
  int64_t config_loaded_at_ns = 0;
  std::vector<std::string> config_files{};  // the main one first
  int64_t config_applying = 0;              // the version that is being applied; absent: none is

  friend bool operator==(const MasterView&, const MasterView&) = default;
};

// JSON texts. Of the services of a MasterView `events` are left out, and `workers` where there are none.
std::string EncodeMasterView(const MasterView& view);
std::string EncodeServiceView(const ServiceView& view);

// `data` must come from DecodeEnvelope. Unknown members are ignored, missing ones keep their defaults, a
// member of another type is InvalidArgument.
absl::StatusOr<MasterView> DecodeMasterView(std::string_view data);
absl::StatusOr<ServiceView> DecodeServiceView(std::string_view data);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_CONTROL_STATUS_H_
