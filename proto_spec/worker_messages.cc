#include "proto_spec/worker_messages.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/base/utf8.h"
#include "proto_spec/environment.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::proto {
namespace {

template <typename Kind>
struct Word {
  Kind kind;
  std::string_view word;
};

constexpr Word<WorkerMessage::Kind> kWorkerWords[] = {
    {WorkerMessage::Kind::kForked, "forked"},   {WorkerMessage::Kind::kLoaded, "loaded"},
    {WorkerMessage::Kind::kHeartbeat, "hb"},    {WorkerMessage::Kind::kReload, "reload"},
    {WorkerMessage::Kind::kRestart, "restart"}, {WorkerMessage::Kind::kConfigError, "cfgerror"},
    {WorkerMessage::Kind::kStatus, "status"},   {WorkerMessage::Kind::kStopping, "stopping"},
    {WorkerMessage::Kind::kAppMessage, "msg"},  {WorkerMessage::Kind::kLease, "lease"},
};

constexpr Word<MasterCommand::Kind> kCommandWords[] = {
    {MasterCommand::Kind::kPrepare, "prepare"}, {MasterCommand::Kind::kStart, "start"},
    {MasterCommand::Kind::kPause, "pause"},     {MasterCommand::Kind::kResume, "resume"},
    {MasterCommand::Kind::kStop, "stop"},       {MasterCommand::Kind::kHeartbeat, "hb"},
    {MasterCommand::Kind::kAppMessage, "msg"},  {MasterCommand::Kind::kDump, "dump"},
};

// A heartbeat as compact encoders write it, and as Python's json.dumps does: with or without the null.
constexpr std::string_view kHeartbeats[] = {
    R"({"cmd":"hb"})",
    R"({"cmd": "hb"})",
    R"({"cmd":"hb","data":null})",
    R"({"cmd": "hb", "data": null})",
};

bool IsPlainHeartbeat(std::string_view payload) {
  for (std::string_view heartbeat : kHeartbeats) {
    if (payload == heartbeat) return true;
  }
  return false;
}

template <typename Kind, size_t kCount>
std::string_view WordOf(const Word<Kind> (&words)[kCount], Kind kind) {
  for (const Word<Kind>& entry : words) {
    if (entry.kind == kind) return entry.word;
  }
  return "";
}

template <typename Kind, size_t kCount>
std::optional<Kind> KindOf(const Word<Kind> (&words)[kCount], std::string_view word) {
  for (const Word<Kind>& entry : words) {
    if (entry.word == word) return entry.kind;
  }
  return std::nullopt;
}

absl::Status Refuse(const char* reason, std::string_view payload) {
  return absl::InvalidArgumentError(absl::StrCat(reason, ": ", QuotedStart(payload)));
}

absl::Status Unknown(const char* what, std::string_view payload) {
  return absl::UnimplementedError(absl::StrCat("unknown ", what, ": ", QuotedStart(payload)));
}

std::string EncodeText(std::string_view text) {
  if (base::IsUtf8(text)) return JsonString(base::CutUtf8(text, kTextBytesMax));
  const std::string replaced = base::ToUtf8(text);
  return JsonString(base::CutUtf8(replaced, kTextBytesMax));
}

std::string EncodeGauges(const std::vector<std::pair<std::string, double>>& gauges) {
  JsonText json;
  json.BeginObject();
  size_t count = 0;
  for (const auto& [name, value] : gauges) {
    if (name.size() > kGaugeNameBytesMax || !base::IsUtf8(name) || !std::isfinite(value)) continue;
    if (count++ == kGaugesMax) break;
    json.Key(name);
    json.Number(value);
  }
  json.EndObject();
  return json.Take();
}

// The level in the data of `loaded`: {"proto": N}, other members ignored. nullopt: not such an object.
std::optional<int> LoadedLevel(std::string_view data) {
  const absl::StatusOr<std::vector<std::pair<std::string, double>>> numbers = DataNumbers(data);
  if (!numbers.ok()) return std::nullopt;
  for (const auto& [name, value] : *numbers) {
    // One of a later level speaks ours. A fraction is of the level below.
    if (name == "proto") return static_cast<int>(std::clamp<double>(value, 1, kWorkerLevel));
  }
  return 1;
}

absl::Status ReadGauges(std::string_view data, std::string_view payload, WorkerMessage* message) {
  absl::StatusOr<std::vector<std::pair<std::string, double>>> gauges = DataNumbers(data);
  if (!gauges.ok()) return Refuse("the data of \"hb\" is not an object of numbers", payload);
  if (gauges->size() > kGaugesMax) {
    return Refuse("more gauges in one \"hb\" than are allowed", payload);
  }
  for (const auto& gauge : *gauges) {
    if (gauge.first.size() > kGaugeNameBytesMax) return Refuse("a gauge's name is too long", payload);
  }
  message->gauges = *std::move(gauges);
  return absl::OkStatus();
}

absl::Status ReadText(std::string_view data, std::string_view payload, std::string* text) {
  absl::StatusOr<std::string> string = DataString(data);
  if (!string.ok()) return Refuse("its data is not a string", payload);
  *text = *std::move(string);
  return absl::OkStatus();
}

std::string EncodeLease(const WorkerMessage& message) {
  JsonText json;
  json.BeginObject();
  json.Key("seconds");
  json.Number(std::isfinite(message.seconds) ? std::max(0.0, message.seconds) : 0);
  json.Key("why");
  json.Raw(EncodeText(message.text));
  json.Key("progress");
  json.Integer(std::max<int64_t>(0, message.progress));
  json.EndObject();
  return json.Take();
}

absl::Status ReadLease(std::string_view data, std::string_view payload, WorkerMessage* message) {
  if (data.empty() || data.front() != '{') return Refuse("the data of \"lease\" is not an object", payload);
  const JsonTree tree(data);
  const JsonTree::Value* seconds = FindMember(tree.root(), "seconds");
  if (seconds == nullptr || !seconds->IsNumber() || seconds->GetDouble() < 0) {
    return Refuse("the data of \"lease\" has no number of seconds that is 0 or more", payload);
  }
  message->seconds = seconds->GetDouble();
  if (const JsonTree::Value* why = FindMember(tree.root(), "why"); why != nullptr && !why->IsNull()) {
    if (!why->IsString()) return Refuse("`why` of \"lease\" is not a string", payload);
    message->text = std::string(Text(*why));
  }
  const JsonTree::Value* progress = FindMember(tree.root(), "progress");
  if (progress == nullptr || progress->IsNull()) return absl::OkStatus();
  if (!progress->IsInt64() || progress->GetInt64() < 0) {
    return Refuse("`progress` of \"lease\" is not a whole number that is 0 or more", payload);
  }
  message->progress = progress->GetInt64();
  return absl::OkStatus();
}

absl::Status ReadData(std::string_view data, std::string_view payload, WorkerMessage* message) {
  using Kind = WorkerMessage::Kind;
  switch (message->kind) {
    case Kind::kForked:
    case Kind::kReload:
    case Kind::kRestart:
      return data.empty() ? absl::OkStatus() : Refuse("it has no data", payload);
    case Kind::kLoaded: {
      if (data.empty()) return absl::OkStatus();
      const std::optional<int> level = LoadedLevel(data);
      if (!level.has_value()) return Refuse("the data of \"loaded\" is not an object of numbers", payload);
      message->level = *level;
      return absl::OkStatus();
    }
    case Kind::kHeartbeat:
      return data.empty() ? absl::OkStatus() : ReadGauges(data, payload, message);
    case Kind::kConfigError:
    case Kind::kStatus:
    case Kind::kStopping:
      return ReadText(data, payload, &message->text);
    case Kind::kAppMessage:
      message->text = data.empty() ? "null" : std::string(data);
      return absl::OkStatus();
    case Kind::kLease:
      return ReadLease(data, payload, message);
  }
  return Refuse("not a message", payload);
}

}  // namespace

std::string_view WireWord(WorkerMessage::Kind kind) {
  return WordOf(kWorkerWords, kind);
}
std::string_view WireWord(MasterCommand::Kind kind) {
  return WordOf(kCommandWords, kind);
}

std::string EncodeWorkerMessage(const WorkerMessage& message) {
  using Kind = WorkerMessage::Kind;
  std::string data;
  switch (message.kind) {
    case Kind::kForked:
    case Kind::kReload:
    case Kind::kRestart:
      break;
    case Kind::kLoaded:
      if (message.level >= 2) {
        data = absl::StrCat("{\"proto\":", std::min(message.level, kWorkerLevel), "}");
      }
      break;
    case Kind::kHeartbeat:
      if (!message.gauges.empty()) data = EncodeGauges(message.gauges);
      break;
    case Kind::kConfigError:
    case Kind::kStatus:
    case Kind::kStopping:
      data = EncodeText(message.text);
      break;
    case Kind::kAppMessage:
      data = message.text;
      break;
    case Kind::kLease:
      data = EncodeLease(message);
      break;
  }
  return EncodeEnvelope(WireWord(message.kind), data);
}

absl::StatusOr<WorkerMessage> DecodeWorkerMessage(std::string_view payload) {
  if (IsPlainHeartbeat(payload)) return WorkerMessage{};
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  if (!envelope.ok()) return envelope.status();
  const std::optional<WorkerMessage::Kind> kind = KindOf(kWorkerWords, envelope->cmd);
  if (!kind.has_value()) return Unknown("message", payload);
  WorkerMessage message;
  message.kind = *kind;
  if (absl::Status status = ReadData(envelope->data, payload, &message); !status.ok()) return status;
  return message;
}

std::string EncodeMasterCommand(const MasterCommand& command) {
  const bool has_data = command.kind == MasterCommand::Kind::kAppMessage;
  return EncodeEnvelope(WireWord(command.kind),
                        has_data ? std::string_view(command.json) : std::string_view());
}

absl::StatusOr<MasterCommand> DecodeMasterCommand(std::string_view payload) {
  if (IsPlainHeartbeat(payload)) return MasterCommand{};
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  if (!envelope.ok()) return envelope.status();
  const std::optional<MasterCommand::Kind> kind = KindOf(kCommandWords, envelope->cmd);
  if (!kind.has_value()) return Unknown("command", payload);
  MasterCommand command;
  command.kind = *kind;
  if (command.kind == MasterCommand::Kind::kAppMessage) {
    command.json = envelope->data.empty() ? "null" : std::string(envelope->data);
  } else if (!envelope->data.empty()) {
    return Refuse("it has no data", payload);
  }
  return command;
}

}  // namespace fectl::proto
