#include "proto_spec/base_status.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::proto {
namespace {

template <typename Enum>
struct Word {
  Enum value;
  std::string_view word;
};

constexpr Word<BaseServiceState> kServiceStates[] = {
    {BaseServiceState::kRunning, "running"},   {BaseServiceState::kPaused, "paused"},
    {BaseServiceState::kFailed, "failed"},     {BaseServiceState::kStopped, "stopped"},
    {BaseServiceState::kStarting, "starting"}, {BaseServiceState::kReloading, "reloading"},
    {BaseServiceState::kStopping, "stopping"},
};

constexpr Word<BaseState> kStates[] = {
    {BaseState::kStarting, "Starting"},
    {BaseState::kReloading, "Reloading"},
    {BaseState::kRestarting, "Restarting"},
    {BaseState::kRunning, "Running"},
    {BaseState::kStoppingOld, "StoppingOld"},
    {BaseState::kStopping, "Stopping"},
    {BaseState::kFailed, "Failed"},
    {BaseState::kStopped, "Stopped"},
    {BaseState::kPaused, "Paused"},
    {BaseState::kRestartFailed, "RestartFailed"},
    {BaseState::kReloadFailed, "ReloadFailed"},
};

struct ReasonWord {
  BaseReason::Kind value;
  std::string_view word;      // on the wire
  std::string_view in_words;  // for people; what goes before the text or number where there is one
};

using Reason = BaseReason::Kind;

constexpr ReasonWord kReasons[] = {
    {Reason::kNone, "None", ""},
    {Reason::kInitial, "Initial", "first start"},
    {Reason::kExit, "Exit", "the master stops"},
    {Reason::kConsoleRequest, "ConsoleRequest", "asked for by the operator"},
    {Reason::kWorkerRequest, "WorkerRequest", "asked for by the worker"},
    {Reason::kSomeWorkersFailed, "SomeWorkersFailed", "some workers failed"},
    {Reason::kHeartbeatFailed, "HeartbeatFailed", "no heartbeat in time"},
    {Reason::kStartupTimeout, "StartupTimeout", "not loaded in time"},
    {Reason::kStopTimeout, "StopTimeout", "did not stop in time"},
    {Reason::kInitFailed, "InitFailed", "initialisation failed"},
    {Reason::kBootFailed, "BootFailed", "could not be executed"},
    {Reason::kNewProcessDied, "NewProcessDied", "the new process died"},
    {Reason::kRestartFailedStartingWorker, "RestartFailedStartingWorker",
     "restart failed: a worker was still starting"},
    {Reason::kRestartFailedRunningWorker, "RestartFailedRunningWorker",
     "restart failed: a worker was still running"},
    // Spelled so in the field.
    {Reason::kRestoreAfterFailed, "RestoreAftreFailed", "restored after a failure"},
    {Reason::kReloadAfterTimeout, "ReloadAftreTimeout", "replaced after a timeout"},
    {Reason::kWorkerError, "WorkerError", ""},
    {Reason::kFailedToStart, "FailedToStart", "failed to start"},
    {Reason::kSignal, "Signal", "killed by signal "},
    {Reason::kExitCode, "ExitCode", "exit code "},
    {Reason::kOther, "", ""},
};

template <typename Enum, size_t kCount>
std::string_view WordOf(const Word<Enum> (&words)[kCount], Enum value) {
  for (const Word<Enum>& entry : words) {
    if (entry.value == value) return entry.word;
  }
  return "";
}

template <typename Enum, size_t kCount>
std::optional<Enum> ValueOf(const Word<Enum> (&words)[kCount], std::string_view word) {
  for (const Word<Enum>& entry : words) {
    if (entry.word == word) return entry.value;
  }
  return std::nullopt;
}

const ReasonWord& Row(BaseReason::Kind kind) {
  for (const ReasonWord& row : kReasons) {
    if (row.value == kind) return row;
  }
  return kReasons[0];
}

bool IsBareWord(BaseReason::Kind kind) {
  return kind < Reason::kWorkerError;
}

// The field keeps exit codes in eight bits with a sign; a client there cannot read 200.
int64_t WireExitCode(int64_t code) {
  return static_cast<int8_t>(static_cast<uint8_t>(code & 0xff));
}

void WriteReason(const BaseReason& reason, JsonText* json) {
  if (reason.kind == Reason::kOther) {
    json->String(reason.text);
    return;
  }
  const std::string_view word = WireWord(reason.kind);
  if (IsBareWord(reason.kind)) {
    json->String(word);
    return;
  }
  json->BeginObject();
  json->Key(word);
  if (reason.kind == Reason::kSignal) {
    json->Integer(std::max<int64_t>(reason.number, 0));
  } else if (reason.kind == Reason::kExitCode) {
    json->Integer(WireExitCode(reason.number));
  } else if (reason.kind == Reason::kFailedToStart && reason.text.empty()) {
    json->Null();
  } else {
    json->String(reason.text);
  }
  json->EndObject();
}

std::string EncodeEvent(const BaseEvent& event) {
  JsonText json;
  json.BeginObject();
  json.Key("state");
  json.String(WireWord(event.state));
  json.Key("reason");
  WriteReason(event.reason, &json);
  json.Key("timestamp");
  json.Integer(std::max<int64_t>(event.timestamp, 0));
  json.Key("pid");
  if (event.pid == 0) {
    json.Null();
  } else {
    json.String(absl::StrCat(event.pid));
  }
  json.EndObject();
  return json.Take();
}

std::string WorkerName(const BaseWorkerStatus& worker) {
  return absl::StrCat("worker(", worker.index, ")");
}

// A status whose parts have been encoded, so that their sizes are known before any of them is left out.
struct EncodedWorker {
  std::string name;
  std::vector<std::string> events;
  size_t skipped = 0;  // of the events, from the oldest
};

constexpr size_t kWorkerFrameBytes = 8;  // ["NAME",[]] and the comma after it
constexpr size_t kCommaBytes = 1;

size_t Bytes(const std::vector<EncodedWorker>& workers, size_t frame_bytes) {
  size_t bytes = frame_bytes;
  for (const EncodedWorker& worker : workers) {
    bytes += kWorkerFrameBytes + worker.name.size();
    for (const std::string& event : worker.events) bytes += event.size() + kCommaBytes;
  }
  return bytes;
}

// Leaves out what does not fit: the oldest events over all workers, then workers from the end. Counts a comma
// too many for each list, which may cost one event of a hundred.
void Shorten(const BaseServiceStatus& status, size_t frame_bytes, size_t bytes_max,
             std::vector<EncodedWorker>* workers) {
  size_t bytes = Bytes(*workers, frame_bytes);
  if (bytes <= bytes_max) return;
  // By time, then by the place in the worker's own list: of one worker only a beginning is ever left out.
  std::vector<std::tuple<int64_t, size_t, size_t>> oldest_first;
  for (size_t worker = 0; worker < status.workers.size(); ++worker) {
    int64_t newest = std::numeric_limits<int64_t>::min();
    for (size_t event = 0; event < (*workers)[worker].events.size(); ++event) {
      // A wall clock that was set back must not tear a hole into a list.
      newest = std::max(newest, status.workers[worker].events[event].timestamp);
      oldest_first.emplace_back(newest, event, worker);
    }
  }
  std::sort(oldest_first.begin(), oldest_first.end());
  for (const auto& [timestamp, event, worker] : oldest_first) {
    if (bytes <= bytes_max) return;
    bytes -= (*workers)[worker].events[event].size() + kCommaBytes;
    (*workers)[worker].skipped = event + 1;
  }
  while (bytes > bytes_max && !workers->empty()) {
    bytes -= kWorkerFrameBytes + workers->back().name.size();
    workers->pop_back();
  }
}

absl::Status Refuse(const char* reason) {
  return absl::InvalidArgumentError(reason);
}

std::optional<BaseReason> ReadReason(const JsonTree::Value& value) {
  if (value.IsString()) {
    for (const ReasonWord& row : kReasons) {
      if (row.word == Text(value) && IsBareWord(row.value)) return BaseReason{row.value, 0, ""};
    }
    return BaseReason{Reason::kOther, 0, std::string(Text(value))};
  }
  if (!value.IsObject() || value.MemberCount() != 1) return std::nullopt;
  const auto& member = *value.MemberBegin();
  const std::string_view name = Text(member.name);
  const JsonTree::Value& content = member.value;
  if (name == WireWord(Reason::kSignal) && content.IsInt64() && content.GetInt64() >= 0) {
    return BaseReason{Reason::kSignal, content.GetInt64(), ""};
  }
  if (name == WireWord(Reason::kExitCode) && content.IsInt64()) {
    return BaseReason{Reason::kExitCode, content.GetInt64() & 0xff, ""};
  }
  if (name == WireWord(Reason::kWorkerError) && content.IsString()) {
    return BaseReason{Reason::kWorkerError, 0, std::string(Text(content))};
  }
  if (name == WireWord(Reason::kFailedToStart) && (content.IsString() || content.IsNull())) {
    return BaseReason{Reason::kFailedToStart, 0, content.IsNull() ? "" : std::string(Text(content))};
  }
  std::string other(name);
  if (content.IsString()) other.append(": ").append(Text(content));
  if (content.IsInt64()) other.append(absl::StrCat(" ", content.GetInt64()));
  return BaseReason{Reason::kOther, 0, std::move(other)};
}

// A pid is a string on the wire, and small enough for 64 bits.
std::optional<int64_t> ReadPid(const JsonTree::Value& value) {
  if (value.IsNull()) return 0;
  if (!value.IsString() || Text(value).empty() || Text(value).size() > 18) return std::nullopt;
  int64_t pid = 0;
  for (char digit : Text(value)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    pid = pid * 10 + (digit - '0');
  }
  return pid;
}

absl::StatusOr<BaseEvent> ReadEvent(const JsonTree::Value& value) {
  if (!value.IsObject()) return Refuse("an event is not an object");
  BaseEvent event;
  const JsonTree::Value* state = FindMember(value, "state");
  if (state == nullptr || !state->IsString()) return Refuse("an event has no state");
  const std::optional<BaseState> known = StateFromWire(Text(*state));
  if (!known.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("unknown state ", QuotedStart(Text(*state))));
  }
  event.state = *known;
  const JsonTree::Value* reason = FindMember(value, "reason");
  if (reason == nullptr) return Refuse("an event has no reason");
  std::optional<BaseReason> read_reason = ReadReason(*reason);
  if (!read_reason.has_value()) return Refuse("an event's reason is neither a word nor an object");
  event.reason = *std::move(read_reason);
  const JsonTree::Value* timestamp = FindMember(value, "timestamp");
  if (timestamp == nullptr || !timestamp->IsInt64() || timestamp->GetInt64() < 0) {
    return Refuse("an event has no timestamp");
  }
  event.timestamp = timestamp->GetInt64();
  const JsonTree::Value* pid = FindMember(value, "pid");
  const std::optional<int64_t> read_pid = pid == nullptr ? 0 : ReadPid(*pid);
  if (!read_pid.has_value()) return Refuse("an event's pid is no number in a string");
  event.pid = *read_pid;
  return event;
}

std::optional<int> ReadWorkerIndex(std::string_view name) {
  constexpr std::string_view kBefore = "worker(";
  if (name.size() < kBefore.size() + 2 || name.substr(0, kBefore.size()) != kBefore || name.back() != ')') {
    return std::nullopt;
  }
  name.remove_prefix(kBefore.size());
  name.remove_suffix(1);
  int index = 0;
  for (char digit : name) {
    if (digit < '0' || digit > '9' || index > 99'999'999) return std::nullopt;
    index = index * 10 + (digit - '0');
  }
  return index;
}

absl::StatusOr<BaseWorkerStatus> ReadWorker(const JsonTree::Value& value) {
  if (!value.IsArray() || value.Size() != 2 || !value[0].IsString() || !value[1].IsArray()) {
    return Refuse("a worker is not a name and a list of events");
  }
  const std::optional<int> index = ReadWorkerIndex(Text(value[0]));
  if (!index.has_value()) return Refuse("a worker's name is not worker(NUMBER)");
  BaseWorkerStatus worker;
  worker.index = *index;
  for (const JsonTree::Value& item : value[1].GetArray()) {
    absl::StatusOr<BaseEvent> event = ReadEvent(item);
    if (!event.ok()) return event.status();
    worker.events.push_back(*std::move(event));
  }
  return worker;
}

}  // namespace

std::string_view WireWord(BaseServiceState state) {
  return WordOf(kServiceStates, state);
}
std::string_view WireWord(BaseState state) {
  return WordOf(kStates, state);
}
std::string_view WireWord(BaseReason::Kind kind) {
  return Row(kind).word;
}

std::optional<BaseServiceState> ServiceStateFromWire(std::string_view word) {
  return ValueOf(kServiceStates, word);
}
std::optional<BaseState> StateFromWire(std::string_view word) {
  return ValueOf(kStates, word);
}

std::string InWords(const BaseReason& reason) {
  std::string words(Row(reason.kind).in_words);
  if (reason.kind == Reason::kSignal || reason.kind == Reason::kExitCode) {
    words.append(absl::StrCat(reason.number));
  } else if (!reason.text.empty()) {
    words.append(words.empty() ? "" : ": ").append(reason.text);
  }
  return words;
}

std::string EncodeReason(const BaseReason& reason) {
  JsonText json;
  WriteReason(reason, &json);
  return json.Take();
}

std::string EncodeServiceStatus(const BaseServiceStatus& status, size_t bytes_max) {
  std::vector<EncodedWorker> workers;
  for (const BaseWorkerStatus& worker : status.workers) {
    workers.push_back(EncodedWorker{.name = WorkerName(worker), .events = {}});
    for (const BaseEvent& event : worker.events) workers.back().events.push_back(EncodeEvent(event));
  }
  const std::string_view state = WireWord(status.state);
  constexpr size_t kFrameBytes = 7;  // ["STATE",[]]
  if (bytes_max > 0) Shorten(status, state.size() + kFrameBytes, bytes_max, &workers);

  JsonText json;
  json.BeginArray();
  json.String(state);
  json.BeginArray();
  for (const EncodedWorker& worker : workers) {
    json.BeginArray();
    json.String(worker.name);
    json.BeginArray();
    for (size_t event = worker.skipped; event < worker.events.size(); ++event) json.Raw(worker.events[event]);
    json.EndArray();
    json.EndArray();
  }
  json.EndArray();
  json.EndArray();
  return json.Take();
}

absl::StatusOr<BaseServiceStatus> DecodeServiceStatus(std::string_view data) {
  if (data.empty() || data.front() != '[') return Refuse("a status is not an array");
  const JsonTree tree(data);
  const JsonTree::Value& root = tree.root();
  if (root.Size() != 2 || !root[0].IsString() || !root[1].IsArray()) {
    return Refuse("a status is not a state and a list of workers");
  }
  const std::optional<BaseServiceState> state = ServiceStateFromWire(Text(root[0]));
  if (!state.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown state of a service ", QuotedStart(Text(root[0]))));
  }
  BaseServiceStatus status;
  status.state = *state;
  for (const JsonTree::Value& item : root[1].GetArray()) {
    absl::StatusOr<BaseWorkerStatus> worker = ReadWorker(item);
    if (!worker.ok()) return worker.status();
    status.workers.push_back(*std::move(worker));
  }
  return status;
}

}  // namespace fectl::proto
