// Messages between the master and one worker (prose: worker_protocol.md). Pure; give the payloads to
// AppendFrame. Frames of this protocol are base frames always: a payload has at most 65,535 bytes at either
// level.
#ifndef FECTL_PROTO_SPEC_WORKER_MESSAGES_H_
#define FECTL_PROTO_SPEC_WORKER_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::proto {

// More in one heartbeat is refused, so that a worker cannot grow the master by inventing names.
inline constexpr size_t kGaugesMax = 64;
inline constexpr size_t kGaugeNameBytesMax = 64;
// Texts are cut to this when sent (at a character's boundary). Even if every byte needs six, it fits a base
// frame.
inline constexpr size_t kTextBytesMax = 8192;

struct WorkerMessage {
  enum class Kind {
    kForked,       // sent by nothing of ours; a peer of the field may, and expects kPrepare
    kLoaded,       // initialised, ready for kStart
    kHeartbeat,    // alive; at level 2 with gauges
    kReload,       // asks to be replaced gracefully
    kRestart,      // asks to be replaced at once
    kConfigError,  // text: why the application cannot run as configured
    kStatus,       // level 2. text: one line for people
    kStopping,     // level 2. text: why it leaves on purpose
    kAppMessage,   // level 2. text: raw JSON, a message of the application's own
    kLease,        // level 3. text: what it is busy with; seconds, progress: see below
  };
  Kind kind = Kind::kHeartbeat;
  std::string text{};
  std::vector<std::pair<std::string, double>> gauges{};
  // kLoaded: the level that the worker will speak, at most kWorkerLevel (environment.h). Above 1 only where
  // the master offered it (FECTL_PROTO).
  int level = 1;
  // kLease: for so long it may be silent from now on, 0 or more; 0: it is busy no longer.
  double seconds = 0;
  // kLease: how far its work has come, 0 or more. A lease that goes on is renewed only where this has grown.
  int64_t progress = 0;

  friend bool operator==(const WorkerMessage&, const WorkerMessage&) = default;
};

// The payload. What it gives is always decodable: texts are cut to kTextBytesMax, gauges beyond kGaugesMax,
// with names longer than kGaugeNameBytesMax, or without a finite value are left out; seconds that are not
// finite or negative are 0, and so is a negative progress. kAppMessage: `text` must pass ValidJson.
std::string EncodeWorkerMessage(const WorkerMessage& message);

// Unimplemented for a message whose `cmd` is unknown, else InvalidArgument for everything that is not one of
// the messages above, both quoting the start of the payload. A heartbeat without data is decoded without
// allocation: a master reads thousands of them each second.
absl::StatusOr<WorkerMessage> DecodeWorkerMessage(std::string_view payload);

struct MasterCommand {
  enum class Kind {
    kPrepare,     // answer to kForked
    kStart,       // begin to serve
    kPause,       // accept nothing new, keep what is open
    kResume,      // accept again
    kStop,        // finish what is open, then exit
    kHeartbeat,   // the master is alive
    kAppMessage,  // level 2. json: a message of the application's own
    kDump,        // level 3. write down what you are doing
  };
  Kind kind = Kind::kHeartbeat;
  std::string json{};

  friend bool operator==(const MasterCommand&, const MasterCommand&) = default;
};

// kAppMessage: `json` must pass ValidJson.
std::string EncodeMasterCommand(const MasterCommand& command);

// As DecodeWorkerMessage. A worker meets an unknown command by ignoring it.
absl::StatusOr<MasterCommand> DecodeMasterCommand(std::string_view payload);

// The word on the wire, for logs.
std::string_view WireWord(WorkerMessage::Kind kind);
std::string_view WireWord(MasterCommand::Kind kind);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_WORKER_MESSAGES_H_
