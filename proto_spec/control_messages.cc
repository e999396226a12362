#include "proto_spec/control_messages.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::proto {
namespace {

using Kind = Response::Kind;

// What an answer's data is.
enum class Content {
  kNothing,
  kText,
  kReason,  // with an Outcome, at level 3
  kStatus,
  kPids,
  kHello,
  kOverview,
  kInspect,
  kError,
  kDetail,
  kEnd,  // a detail, with the reason
};

struct KindRow {
  Kind kind;
  std::string_view word;
  Content content;
  bool failure;
};

constexpr KindRow kKinds[] = {
    {Kind::kPong, "Pong", Content::kNothing, false},
    {Kind::kDone, "Done", Content::kReason, false},
    {Kind::kPid, "Pid", Content::kText, false},
    {Kind::kVersion, "Version", Content::kText, false},
    {Kind::kServiceStarted, "ServiceStarted", Content::kReason, false},
    {Kind::kServiceStopped, "ServiceStopped", Content::kReason, false},
    {Kind::kServiceFailed, "ServiceFailed", Content::kReason, true},
    {Kind::kServiceStatus, "ServiceStatus", Content::kStatus, false},
    {Kind::kServiceWorkerPids, "ServiceWorkerPids", Content::kPids, false},
    {Kind::kErrorNotReady, "ErrorNotReady", Content::kReason, true},
    {Kind::kErrorUnknownService, "ErrorUnknownService", Content::kReason, true},
    {Kind::kErrorServiceStarting, "ErrorServiceStarting", Content::kReason, true},
    {Kind::kErrorServiceRunning, "ErrorServiceRunning", Content::kReason, true},
    {Kind::kErrorServiceReloading, "ErrorServiceReloading", Content::kReason, true},
    {Kind::kErrorServiceStopping, "ErrorServiceStopping", Content::kReason, true},
    {Kind::kErrorServiceStopped, "ErrorServiceStopped", Content::kReason, true},
    {Kind::kErrorServiceFailed, "ErrorServiceFailed", Content::kReason, true},
    {Kind::kErrorNotPermitted, "ErrorNotPermitted", Content::kReason, true},
    {Kind::kHello, "Hello", Content::kHello, false},
    {Kind::kOverview, "Overview", Content::kOverview, false},
    {Kind::kInspect, "Inspect", Content::kInspect, false},
    {Kind::kError, "Error", Content::kError, true},
    {Kind::kSent, "Sent", Content::kDetail, false},
    {Kind::kSubscribed, "Subscribed", Content::kDetail, false},
    {Kind::kMessage, "Message", Content::kDetail, false},
    {Kind::kGap, "Gap", Content::kDetail, false},
    {Kind::kEnded, "Ended", Content::kEnd, false},
    {Kind::kPlan, "Plan", Content::kDetail, false},
    {Kind::kApplied, "Applied", Content::kDetail, false},
    {Kind::kWhy, "Why", Content::kDetail, false},
    {Kind::kRollout, "Rollout", Content::kDetail, false},
};

const KindRow& Row(Kind kind) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return row;
  }
  return kKinds[0];
}

absl::Status Refuse(std::string_view reason, std::string_view payload) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::string_view(reason.data(), reason.size()), ": ", QuotedStart(payload)));
}

// The detail that answers of this kind have, without a value yet.
ResponseDetail DetailOf(Kind kind) {
  switch (kind) {
    case Kind::kSent:
      return SentCounts{};
    case Kind::kSubscribed:
    case Kind::kEnded:
      return SubscriptionId{};
    case Kind::kMessage:
      return MessageRecord{};
    case Kind::kGap:
      return GapRecord{};
    case Kind::kPlan:
    case Kind::kApplied:
      return PlanView{};
    case Kind::kWhy:
      return WhyView{};
    case Kind::kRollout:
      return RolloutView{};
    default:
      return Outcome{};
  }
}

absl::Status Unknown(const char* what, std::string_view payload) {
  return absl::UnimplementedError(absl::StrCat("unknown ", what, " (version ", kControlVersion,
                                               " is spoken here): ", QuotedStart(payload)));
}

std::string Object(std::string_view name, std::string_view text) {
  JsonText json;
  json.BeginObject();
  json.Key(name);
  json.String(text);
  json.EndObject();
  return json.Take();
}

// The pids that fit into one base frame, in order.
std::string EncodePids(const std::vector<std::string>& pids, size_t bytes_max) {
  JsonText json;
  json.BeginArray();
  for (const std::string& pid : pids) {
    // Quotes, comma and bracket. (A pid has no character that needs escaping.)
    if (json.size() + pid.size() + 4 > bytes_max) break;
    json.String(pid);
  }
  json.EndArray();
  return json.Take();
}

std::string EncodeHello(const Response& response) {
  JsonText json;
  json.BeginObject();
  json.Key("version");
  json.Integer(response.version);
  json.Key("server");
  json.String(response.text);
  json.Key("pid");
  json.Integer(response.pid);
  json.EndObject();
  return json.Take();
}

std::string EncodeContent(const Response& response, Content content, std::string_view word, Level level) {
  // What stands around the data: {"cmd":"WORD","data":}
  constexpr size_t kEnvelopeBytes = 18;
  const size_t bytes_max =
      (level == Level::kBase ? kBaseFrameBytesMax : kAnswerBytesMax) - kEnvelopeBytes - word.size();
  switch (content) {
    case Content::kNothing:
      return "";
    case Content::kText:
      return JsonString(response.text);
    case Content::kReason:
      if (level >= Level::kThree && std::holds_alternative<Outcome>(response.detail))
        return EncodeResponseDetail(response.text, response.detail);
      return level == Level::kBase || response.text.empty() ? "" : Object("reason", response.text);
    case Content::kStatus:
      return EncodeServiceStatus(response.status, bytes_max);
    case Content::kPids:
      return EncodePids(response.pids, bytes_max);
    case Content::kHello:
      return EncodeHello(response);
    case Content::kOverview:
      return EncodeMasterView(response.overview);
    case Content::kInspect:
      return EncodeServiceView(response.inspect);
    case Content::kError:
      return Object("message", response.text);
    case Content::kDetail:
      return EncodeResponseDetail("", response.detail);
    case Content::kEnd:
      return EncodeResponseDetail(response.text, response.detail);
  }
  return "";
}

// Reads an object's members; absent ones keep what they have. False for another type.
bool ReadText(const JsonTree::Value& object, const char* name, std::string* text) {
  const JsonTree::Value* value = FindMember(object, name);
  if (value == nullptr || value->IsNull()) return true;
  if (!value->IsString()) return false;
  *text = Text(*value);
  return true;
}

bool ReadVersion(const JsonTree::Value& object, int* version) {
  const JsonTree::Value* value = FindMember(object, "version");
  if (value == nullptr || !value->IsInt() || value->GetInt() < 1) return false;
  *version = value->GetInt();
  return true;
}

// A `Hello` is a few dozen bytes. A stranger's is not worth a tree of a mebibyte.
constexpr size_t kHelloBytesMax = 4096;
// Of a `Send`: the text of a message, of which every byte may need two, and as much as a `Hello` beside it.
constexpr size_t kSendBytesMax = 2 * kAppMessageBytesMax + kHelloBytesMax;
// Of a `Plan`: a path, of which every byte may need six.
constexpr size_t kPlanBytesMax = size_t{6} * 4096 + kHelloBytesMax;

size_t BytesMax(Arguments arguments) {
  if (arguments == Arguments::kMessage) return kSendBytesMax;
  return arguments == Arguments::kPlan ? kPlanBytesMax : kHelloBytesMax;
}

bool ReadHello(std::string_view data, Response* response) {
  if (data.empty() || data.size() > kHelloBytesMax) return false;
  const JsonTree tree(data);
  if (!tree.root().IsObject() || !ReadVersion(tree.root(), &response->version)) return false;
  if (!ReadText(tree.root(), "server", &response->text)) return false;
  const JsonTree::Value* pid = FindMember(tree.root(), "pid");
  if (pid == nullptr) return true;
  if (!pid->IsInt64()) return false;
  response->pid = pid->GetInt64();
  return true;
}

// The words in the data of an answer: {NAME: "words"}, or no data.
bool ReadWords(std::string_view data, const char* name, std::string* text) {
  if (data.empty()) return true;
  const JsonTree tree(data);
  return tree.root().IsObject() && ReadText(tree.root(), name, text);
}

template <typename Value>
absl::Status Store(absl::StatusOr<Value> value, Value* place) {
  if (!value.ok()) return value.status();
  *place = *std::move(value);
  return absl::OkStatus();
}

absl::Status ReadContent(std::string_view data, Content content, Response* response) {
  const auto expect = [](bool right, const char* what) {
    return right ? absl::OkStatus() : absl::InvalidArgumentError(what);
  };
  std::string unused;
  switch (content) {
    case Content::kNothing:
      return expect(data.empty(), "it has no data");
    case Content::kText:
      return Store(DataString(data), &response->text);
    case Content::kReason:
      response->detail = Outcome{};
      return expect(ReadResponseDetail(data, &response->text, &response->detail),
                    "its data is not an object with a reason");
    case Content::kStatus:
      return Store(DecodeServiceStatus(data), &response->status);
    case Content::kPids:
      return Store(DataStrings(data), &response->pids);
    case Content::kHello:
      return expect(ReadHello(data, response), "its data is not an object with a version");
    case Content::kOverview:
      return Store(DecodeMasterView(data), &response->overview);
    case Content::kInspect:
      return Store(DecodeServiceView(data), &response->inspect);
    case Content::kError:
      return expect(ReadWords(data, "message", &response->text), "its data is not an object with a message");
    case Content::kDetail:
    case Content::kEnd:
      response->detail = DetailOf(response->kind);
      return expect(
          ReadResponseDetail(data, content == Content::kEnd ? &response->text : &unused, &response->detail),
          "its data is not an object with the members that it needs");
  }
  return absl::OkStatus();
}

// A service, as its name or as an object. What is wrong with the data; nullptr: it was read.
const char* ReadService(std::string_view data, bool is_replacement, bool is_object, Request* request) {
  if (!is_object) {
    absl::StatusOr<std::string> service = DataString(data);
    if (!service.ok()) return "the data must be a service's name";
    request->service = *std::move(service);
    return nullptr;
  }
  if (is_replacement) request->arguments = LeaveWait{};
  if (!ReadRequestDetail(data, &request->service, &request->arguments))
    return is_replacement
               ? "the data must be an object with a service, and at most 60 for leave_wait_s, and 1 or "
                 "more for worker"
               : "the data must be a service's name, or an object with a service";
  if (request->arguments == RequestDetail(LeaveWait{})) request->arguments = {};
  return nullptr;
}

// What is wrong with the data; nullptr: it was read.
const char* ReadArguments(std::string_view data, Arguments arguments, Level level, Request* request) {
  const bool object = level >= Level::kThree && !data.empty() && data.front() == '{';
  if (object && data.size() > BytesMax(arguments)) return "the data has too many bytes";
  switch (arguments) {
    case Arguments::kNone:
      return data.empty() ? nullptr : "it has no data";
    case Arguments::kVersion: {
      Response hello;
      if (!ReadHello(data, &hello)) return "the data must be an object with a version";
      request->version = hello.version;
      return nullptr;
    }
    case Arguments::kService:
    case Arguments::kReplacement:
      return ReadService(data, arguments == Arguments::kReplacement, object, request);
    case Arguments::kMessage:
      request->arguments = MessageToSend{};
      return ReadRequestDetail(data, &request->service, &request->arguments)
                 ? nullptr
                 : "the data must be an object with a service, json, and at most a worker's number";
    case Arguments::kSubscription:
      request->arguments = SubscriptionId{};
      return ReadRequestDetail(data, &request->service, &request->arguments)
                 ? nullptr
                 : "the data must be an object with a service and an id of 1 or more";
    case Arguments::kSubscriptionId:
      request->arguments = SubscriptionId{};
      return ReadRequestDetail(data, nullptr, &request->arguments)
                 ? nullptr
                 : "the data must be an object with an id of 1 or more";
    case Arguments::kPlan:
      request->arguments = PlanRequest{};
      return data.empty() || ReadRequestDetail(data, nullptr, &request->arguments)
                 ? nullptr
                 : "the data must be an object with at most the texts id, file and service, and the flags "
                   "revert and wait";
    case Arguments::kScale:
      request->arguments = ScaleRequest{};
      return ReadRequestDetail(data, &request->service, &request->arguments)
                 ? nullptr
                 : "the data must be an object with a service and one of to, by and reset";
    case Arguments::kRollout:
      request->arguments = RolloutOrder{};
      return ReadRequestDetail(data, &request->service, &request->arguments)
                 ? nullptr
                 : "the data must be an object with a service and an order";
    case Arguments::kWorker:
      request->arguments = WorkerNumber{};
      return ReadRequestDetail(data, &request->service, &request->arguments)
                 ? nullptr
                 : "the data must be an object with a service, and 1 or more for worker";
  }
  return "it has no data";
}

}  // namespace

Level AgreedLevel(int version) {
  return static_cast<Level>(std::clamp(version, static_cast<int>(Level::kBase), kControlVersion));
}

std::string_view WireWord(Verb verb) {
  return RowOf(verb).word;
}
std::string_view WireWord(Response::Kind kind) {
  return Row(kind).word;
}
Response ErrorInWords(std::string words) {
  return {.kind = Kind::kError, .text = std::move(words)};
}
bool IsFailure(Response::Kind kind) {
  return Row(kind).failure;
}

std::string EncodeRequest(const Request& request) {
  const VerbRow& row = RowOf(request.verb);
  std::string data;
  if (!std::holds_alternative<std::monostate>(request.arguments)) {
    data = EncodeRequestDetail(request.service, request.arguments);
  } else if (TakesService(row.verb)) {
    data = JsonString(request.service);
  } else if (row.arguments == Arguments::kVersion) {
    data = absl::StrCat("{\"version\":", request.version, "}");
  }
  return EncodeEnvelope(row.word, data);
}

absl::StatusOr<Request> DecodeRequest(std::string_view payload, Level level) {
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  if (!envelope.ok()) return envelope.status();
  const VerbRow* row = FindVerb(envelope->cmd);
  if (row == nullptr || row->level > level) return Unknown("request", payload);
  Request request;
  request.verb = row->verb;
  if (const char* wrong = ReadArguments(envelope->data, row->arguments, level, &request); wrong != nullptr)
    return Refuse(wrong, payload);
  return request;
}

std::string EncodeResponse(const Response& response, Level level) {
  const bool no_word = level == Level::kBase && response.kind == Kind::kErrorNotPermitted;
  const KindRow& row = Row(no_word ? Kind::kErrorNotReady : response.kind);
  return EncodeEnvelope(row.word, EncodeContent(response, row.content, row.word, level));
}

EncodedMessage::EncodedMessage(MessageRecord record) {
  constexpr std::string_view kMark = "\"id\":";  // stands before all that a worker or a configuration chose
  record.id = 0;
  const std::string payload =
      EncodeResponse({.kind = Kind::kMessage, .detail = std::move(record)}, Level::kThree);
  const size_t at = payload.find(kMark) + kMark.size();
  head_ = payload.substr(0, at);
  tail_ = payload.substr(at + 1);
}

absl::StatusOr<Response> DecodeResponse(std::string_view payload) {
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  if (!envelope.ok()) return envelope.status();
  const KindRow* known = nullptr;
  for (const KindRow& row : kKinds) {
    if (row.word == envelope->cmd) known = &row;
  }
  if (known == nullptr) return Unknown("answer", payload);
  Response response;
  response.kind = known->kind;
  if (absl::Status status = ReadContent(envelope->data, known->content, &response); !status.ok()) {
    return Refuse(std::string_view(status.message().data(), status.message().size()), payload);
  }
  return response;
}

}  // namespace fectl::proto
