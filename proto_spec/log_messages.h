// Requests of readers and answers of the logger (prose: log_protocol.md). Pure; give the payloads to
// AppendFrame, with Level::kTwo.
#ifndef FECTL_PROTO_SPEC_LOG_MESSAGES_H_
#define FECTL_PROTO_SPEC_LOG_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::proto {

// What is added to the path of the control socket for the logger's.
inline constexpr std::string_view kLogSocketSuffix = ".logs";

// 1,000 names of services, as 64 letters each have, and an expression.
inline constexpr size_t kLogRequestBytesMax = size_t{128} << 10;
// An incident (256 KiB) or a line (64 KiB) in the longest form that JSON has for it, with room.
inline constexpr size_t kLogAnswerBytesMax = size_t{8} << 20;

// Lines of workers.
struct LogsRequest {
  std::vector<std::string> services{};  // empty: all
  bool follow = false;
  std::optional<int64_t> lines{};     // at most so many of what is there already, the last ones
  std::optional<int64_t> since_ms{};  // unix time: nothing older
  std::optional<int64_t> worker{};    // from 1
  bool previous = false;              // of the process before the one that runs, in each place
  std::string grep{};                 // RE2 syntax: only lines that it is found in; empty: all
  // The number of the last line that the reader has, by service: nothing up to it.
  std::map<std::string, int64_t> after{};

  friend bool operator==(const LogsRequest&, const LogsRequest&) = default;
};

// What has happened. Each member restricts it.
struct EventsRequest {
  std::optional<uint64_t> after{};    // the number of an event: what is behind it
  std::string boot{};                 // of that event; empty: the present one
  std::optional<int64_t> since_ms{};  // unix time
  bool now = false;                   // nothing that is there already
  bool follow = false;
  std::vector<std::string> types{};  // empty: all; "worker.*" is what begins with "worker."

  friend bool operator==(const EventsRequest&, const EventsRequest&) = default;
};

// A list of what is kept of hung and lost workers.
struct IncidentsRequest {
  friend bool operator==(const IncidentsRequest&, const IncidentsRequest&) = default;
};

struct IncidentRequest {
  uint64_t id = 0;

  friend bool operator==(const IncidentRequest&, const IncidentRequest&) = default;
};

using LogRequest = std::variant<LogsRequest, EventsRequest, IncidentsRequest, IncidentRequest>;

std::string EncodeLogRequest(const LogRequest& request);

// InvalidArgument, with what is wrong, for what is none.
absl::StatusOr<LogRequest> DecodeLogRequest(std::string_view payload);

// One line of a worker, or one part of a line that is too long for one record.
struct LogLine {
  int64_t t_ms = 0;  // unix time at which it was read
  std::string service{};
  int64_t worker = 0;  // from 1
  int64_t pid = 0;
  uint64_t generation = 0;
  std::string stream = "both";  // out, err, or both where they are not told apart
  std::string message{};        // bytes as they were written, without the newline
  std::optional<int> part{};    // from 0; kLastPart; nullopt: a whole line
  std::optional<int64_t> n{};   // its number in its service; nullopt: it comes from a file, which has none

  static constexpr int kLastPart = -1;

  friend bool operator==(const LogLine&, const LogLine&) = default;
};

// The record of an event, as the master wrote it, and what is needed to go on behind it.
struct EventLine {
  std::string json{};
  uint64_t seq = 0;
  std::string boot{};
  int64_t t_ms = 0;
  std::string type{};

  friend bool operator==(const EventLine&, const EventLine&) = default;
};

// These events were there and are not any more.
struct EventGap {
  uint64_t from = 0;
  uint64_t to = 0;

  friend bool operator==(const EventGap&, const EventGap&) = default;
};

// So many lines are missing here for this reader.
struct LineGap {
  uint64_t lines = 0;

  friend bool operator==(const LineGap&, const LineGap&) = default;
};

struct Incident {
  uint64_t id = 0;
  int64_t t_ms = 0;       // when it was kept
  uint64_t bytes = 0;     // of the whole
  std::string summary{};  // JSON text: the member `summary` of what is kept; empty: it has none
  std::string text{};     // what is kept; empty in a list

  friend bool operator==(const Incident&, const Incident&) = default;
};

// Nothing follows either of them.
struct LogError {
  std::string message{};

  friend bool operator==(const LogError&, const LogError&) = default;
};
struct LogEnd {
  friend bool operator==(const LogEnd&, const LogEnd&) = default;
};

using LogAnswer = std::variant<LogLine, EventLine, EventGap, LineGap, Incident, LogError, LogEnd>;

// Of an EventLine only `json` counts.
std::string EncodeLogAnswer(const LogAnswer& answer);

// InvalidArgument for what is none. Members that are unknown are passed over.
absl::StatusOr<LogAnswer> DecodeLogAnswer(std::string_view payload);

// Incident::summary of a text that is kept: the text of its member `summary`; empty where it has none.
std::string SummaryOf(std::string_view text);

// Whether an event of this type is among `types`, as EventsRequest has them.
bool MatchesType(std::string_view type, const std::vector<std::string>& types);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_LOG_MESSAGES_H_
