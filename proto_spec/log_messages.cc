#include "proto_spec/log_messages.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto_spec/base/utf8.h"
#include "proto_spec/json/json_scan.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::proto {
namespace {

using Value = JsonTree::Value;

void AddFlag(const char* name, bool value, JsonText* json) {
  if (!value) return;
  json->Key(name);
  json->Raw("true");
}

void AddText(const char* name, std::string_view text, JsonText* json) {
  if (text.empty()) return;
  json->Key(name);
  json->String(text);
}

template <typename Number>
void AddWhole(const char* name, const std::optional<Number>& value, JsonText* json) {
  if (!value.has_value()) return;
  json->Key(name);
  json->Integer(static_cast<int64_t>(*value));
}

void AddNames(const char* name, const std::vector<std::string>& names, JsonText* json) {
  if (names.empty()) return;
  json->Key(name);
  json->BeginArray();
  for (const std::string& one : names) json->String(one);
  json->EndArray();
}

void AddRequest(const LogsRequest& request, JsonText* json) {
  json->Key("logs");
  json->BeginObject();
  AddNames("services", request.services, json);
  AddFlag("follow", request.follow, json);
  AddWhole("lines", request.lines, json);
  AddWhole("since_ms", request.since_ms, json);
  AddWhole("worker", request.worker, json);
  AddFlag("previous", request.previous, json);
  AddText("grep", request.grep, json);
  if (!request.after.empty()) {
    json->Key("after");
    json->BeginObject();
    for (const auto& [service, number] : request.after) {
      json->Key(service);
      json->Integer(number);
    }
    json->EndObject();
  }
  json->EndObject();
}

void AddRequest(const EventsRequest& request, JsonText* json) {
  json->Key("events");
  json->BeginObject();
  AddWhole("after", request.after, json);
  if (!request.boot.empty()) AddText("boot", request.boot, json);
  AddWhole("since_ms", request.since_ms, json);
  AddFlag("now", request.now, json);
  AddFlag("follow", request.follow, json);
  AddNames("types", request.types, json);
  json->EndObject();
}

void AddRequest(const IncidentsRequest& /*request*/, JsonText* json) {
  json->Key("incidents");
  json->Raw("{}");
}

void AddRequest(const IncidentRequest& request, JsonText* json) {
  json->Key("incident");
  json->BeginObject();
  AddWhole("id", std::optional(request.id), json);
  json->EndObject();
}

void AddAnswer(const LogLine& line, JsonText* json) {
  AddWhole("t", std::optional(line.t_ms), json);
  AddText("service", line.service, json);
  AddWhole("worker", std::optional(line.worker), json);
  AddWhole("pid", std::optional(line.pid), json);
  AddWhole("gen", std::optional(line.generation), json);
  AddText("stream", line.stream, json);
  json->Key("msg");
  json->String(line.message);
  if (!base::IsUtf8(line.message)) AddText("b64", absl::Base64Escape(line.message), json);
  if (line.part == LogLine::kLastPart) {
    AddText("part", "end", json);
  } else {
    AddWhole("part", line.part, json);
  }
  AddWhole("n", line.n, json);
}

void AddAnswer(const EventGap& gap, JsonText* json) {
  AddText("type", "gap", json);
  AddWhole("from", std::optional(gap.from), json);
  AddWhole("to", std::optional(gap.to), json);
}

void AddAnswer(const LineGap& gap, JsonText* json) {
  AddWhole("gap", std::optional(gap.lines), json);
}

void AddAnswer(const Incident& incident, JsonText* json) {
  json->Key("incident");
  json->BeginObject();
  AddWhole("id", std::optional(incident.id), json);
  AddWhole("t", std::optional(incident.t_ms), json);
  AddWhole("bytes", std::optional(incident.bytes), json);
  if (!incident.summary.empty()) {
    json->Key("summary");
    json->Raw(incident.summary);
  }
  AddText("text", incident.text, json);
  json->EndObject();
}

void AddAnswer(const LogError& error, JsonText* json) {
  json->Key("error");
  json->String(error.message);
}

void AddAnswer(const LogEnd& /*end*/, JsonText* json) {
  AddFlag("end", true, json);
}

void AddAnswer(const EventLine& /*event*/, JsonText* /*json*/) {}  // is an object already

// One object. Members that are absent keep what they have; one of another type makes all of it wrong.
class Reader {
 public:
  explicit Reader(const Value& object) : object_(object), ok_(object.IsObject()) {}

  bool Text(const char* name, std::string* text) {
    const Value* value = Find(name);
    if (value == nullptr) return false;
    ok_ = ok_ && value->IsString();
    if (ok_) *text = proto::Text(*value);
    return ok_;
  }
  void Flag(const char* name, bool* flag) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    ok_ = ok_ && value->IsBool();
    if (ok_) *flag = value->GetBool();
  }
  // Whole numbers from 0 on.
  template <typename Number>
  bool Whole(const char* name, Number* number) {
    const Value* value = Find(name);
    if (value == nullptr) return false;
    ok_ = ok_ && value->IsInt64() && value->GetInt64() >= 0;
    if (ok_) *number = static_cast<Number>(value->GetInt64());
    return ok_;
  }
  template <typename Number>
  void Whole(const char* name, std::optional<Number>* number) {
    if (Number read = 0; Whole(name, &read)) *number = read;
  }
  void Names(const char* name, std::vector<std::string>* names) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    ok_ = ok_ && value->IsArray();
    if (!ok_) return;
    for (const Value& one : value->GetArray()) {
      ok_ = ok_ && one.IsString();
      if (ok_) names->emplace_back(proto::Text(one));
    }
  }
  void Numbers(const char* name, std::map<std::string, int64_t>* numbers) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    ok_ = ok_ && value->IsObject();
    if (!ok_) return;
    for (const auto& member : value->GetObject()) {
      ok_ = ok_ && member.value.IsInt64();
      if (ok_) (*numbers)[std::string(proto::Text(member.name))] = member.value.GetInt64();
    }
  }
  const Value* Find(const char* name) const {
    if (!object_.IsObject()) return nullptr;
    const Value* value = FindMember(object_, name);
    return value == nullptr || value->IsNull() ? nullptr : value;
  }
  void Require(bool there) { ok_ = ok_ && there; }
  bool ok() const { return ok_; }

 private:
  const Value& object_;
  bool ok_;
};

bool Read(const Value& object, LogsRequest* request) {
  Reader read(object);
  read.Names("services", &request->services);
  read.Flag("follow", &request->follow);
  read.Whole("lines", &request->lines);
  read.Whole("since_ms", &request->since_ms);
  read.Whole("worker", &request->worker);
  read.Flag("previous", &request->previous);
  read.Text("grep", &request->grep);
  read.Numbers("after", &request->after);
  return read.ok();
}

bool Read(const Value& object, EventsRequest* request) {
  Reader read(object);
  read.Whole("after", &request->after);
  read.Text("boot", &request->boot);
  read.Whole("since_ms", &request->since_ms);
  read.Flag("now", &request->now);
  read.Flag("follow", &request->follow);
  read.Names("types", &request->types);
  return read.ok();
}

bool Read(const Value& object, IncidentsRequest* /*request*/) {
  return object.IsObject();
}

bool Read(const Value& object, IncidentRequest* request) {
  Reader read(object);
  read.Require(read.Whole("id", &request->id));
  return read.ok();
}

bool Read(const Value& object, LogLine* line) {
  Reader read(object);
  read.Require(read.Whole("t", &line->t_ms) && read.Text("service", &line->service) &&
               read.Text("msg", &line->message));
  read.Whole("worker", &line->worker);
  read.Whole("pid", &line->pid);
  read.Whole("gen", &line->generation);
  read.Text("stream", &line->stream);
  if (std::string text; read.Text("b64", &text)) {
    std::string bytes;
    read.Require(absl::Base64Unescape(text, &bytes));
    line->message = std::move(bytes);
  }
  const Value* part = read.Find("part");
  if (part != nullptr && part->IsString()) {
    read.Require(Text(*part) == "end");
    line->part = LogLine::kLastPart;
  } else {
    read.Whole("part", &line->part);
  }
  read.Whole("n", &line->n);
  return read.ok();
}

bool Read(const Value& object, EventLine* event) {
  Reader read(object);
  read.Require(read.Whole("seq", &event->seq) && read.Text("type", &event->type));
  read.Text("boot", &event->boot);
  read.Whole("t", &event->t_ms);
  return read.ok();
}

bool Read(const Value& object, EventGap* gap) {
  Reader read(object);
  read.Require(read.Whole("from", &gap->from) && read.Whole("to", &gap->to));
  return read.ok();
}

bool Read(const Value& object, LineGap* gap) {
  Reader read(object);
  read.Require(read.Whole("gap", &gap->lines));
  return read.ok();
}

bool Read(const Value& object, LogError* error) {
  Reader read(object);
  read.Require(read.Text("error", &error->message));
  return read.ok();
}

// The text of a value that was read. What is nested too deep was refused before.
std::string ToText(const Value& value) {
  JsonText json;
  if (value.IsObject()) {
    json.BeginObject();
    for (const auto& member : value.GetObject()) {
      json.Key(Text(member.name));
      json.Raw(ToText(member.value));
    }
    json.EndObject();
  } else if (value.IsArray()) {
    json.BeginArray();
    for (const Value& one : value.GetArray()) json.Raw(ToText(one));
    json.EndArray();
  } else if (value.IsString()) {
    json.String(Text(value));
  } else if (value.IsInt64()) {
    json.Integer(value.GetInt64());
  } else if (value.IsNumber()) {
    json.Number(value.GetDouble());
  } else {
    json.Raw(value.IsBool() ? (value.GetBool() ? "true" : "false") : "null");
  }
  return json.Take();
}

bool ReadIncident(const Value& object, Incident* incident) {
  Reader read(object);
  read.Require(read.Whole("id", &incident->id));
  read.Whole("t", &incident->t_ms);
  read.Whole("bytes", &incident->bytes);
  if (const Value* summary = read.Find("summary"); summary != nullptr) incident->summary = ToText(*summary);
  read.Text("text", &incident->text);
  return read.ok();
}

// 64 levels, as everywhere in the protocols.
constexpr size_t kNestingMax = 64;

absl::Status Check(std::string_view payload, const char* what) {
  JsonScan scan;
  const absl::Status scanned = ScanJson(payload, kNestingMax, &scan);
  if (scanned.ok() && scan.is_object) return absl::OkStatus();
  const absl::string_view why = scanned.ok() ? "it is no JSON object" : scanned.message();
  return absl::InvalidArgumentError(absl::StrCat("not ", what, ": ", why, ": ", QuotedStart(payload)));
}

template <typename Into, typename As>
absl::StatusOr<Into> Finish(bool good, As read, std::string_view payload) {
  if (good) return Into(std::move(read));
  return absl::InvalidArgumentError(
      absl::StrCat("a member is missing or of a wrong type: ", QuotedStart(payload)));
}

template <typename Into, typename As>
absl::StatusOr<Into> ReadAs(const Value& object, std::string_view payload) {
  As read;
  const bool good = Read(object, &read);
  return Finish<Into>(good, std::move(read), payload);
}

}  // namespace

std::string EncodeLogRequest(const LogRequest& request) {
  JsonText json;
  json.BeginObject();
  std::visit([&json](const auto& one) { AddRequest(one, &json); }, request);
  json.EndObject();
  return json.Take();
}

absl::StatusOr<LogRequest> DecodeLogRequest(std::string_view payload) {
  if (absl::Status checked = Check(payload, "a request"); !checked.ok()) return checked;
  const JsonTree tree(payload);
  const Value& root = tree.root();
  if (const Value* logs = FindMember(root, "logs")) return ReadAs<LogRequest, LogsRequest>(*logs, payload);
  if (const Value* events = FindMember(root, "events"))
    return ReadAs<LogRequest, EventsRequest>(*events, payload);
  if (const Value* list = FindMember(root, "incidents"))
    return ReadAs<LogRequest, IncidentsRequest>(*list, payload);
  if (const Value* one = FindMember(root, "incident"))
    return ReadAs<LogRequest, IncidentRequest>(*one, payload);
  return absl::InvalidArgumentError(absl::StrCat("this request is not known here: ", QuotedStart(payload)));
}

std::string EncodeLogAnswer(const LogAnswer& answer) {
  if (const auto* event = std::get_if<EventLine>(&answer)) return event->json;
  JsonText json;
  json.BeginObject();
  std::visit([&json](const auto& one) { AddAnswer(one, &json); }, answer);
  json.EndObject();
  return json.Take();
}

absl::StatusOr<LogAnswer> DecodeLogAnswer(std::string_view payload) {
  if (absl::Status checked = Check(payload, "an answer"); !checked.ok()) return checked;
  const JsonTree tree(payload);
  const Value& root = tree.root();
  // Events first: the names of their other members are not ours.
  if (FindMember(root, "seq") != nullptr) {
    EventLine event;
    const bool good = Read(root, &event);
    event.json = payload;
    return Finish<LogAnswer>(good, std::move(event), payload);
  }
  if (FindMember(root, "error") != nullptr) return ReadAs<LogAnswer, LogError>(root, payload);
  if (FindMember(root, "end") != nullptr) return LogAnswer(LogEnd{});
  if (FindMember(root, "msg") != nullptr) return ReadAs<LogAnswer, LogLine>(root, payload);
  if (FindMember(root, "gap") != nullptr) return ReadAs<LogAnswer, LineGap>(root, payload);
  if (const Value* one = FindMember(root, "incident"); one != nullptr) {
    Incident incident;
    const bool good = ReadIncident(*one, &incident);
    return Finish<LogAnswer>(good, std::move(incident), payload);
  }
  return ReadAs<LogAnswer, EventGap>(root, payload);
}

std::string SummaryOf(std::string_view text) {
  if (!Check(text, "an incident").ok()) return "";
  const JsonTree tree(text);
  const Value* summary = FindMember(tree.root(), "summary");
  return summary == nullptr ? "" : ToText(*summary);
}

bool MatchesType(std::string_view type, const std::vector<std::string>& types) {
  if (types.empty()) return true;
  for (const std::string& wanted : types) {
    if (wanted == type) return true;
    const std::string_view start = std::string_view(wanted).substr(0, wanted.size() - 1);
    if (wanted.ends_with(".*") && type.starts_with(start)) return true;
  }
  return false;
}

}  // namespace fectl::proto
