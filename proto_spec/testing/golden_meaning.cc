#include "proto_spec/testing/golden_meaning.h"

#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using Json = rapidjson::Value;

std::string Text(const Json& object, const char* name) {
  if (!object.HasMember(name)) return "";
  return std::string(object[name].GetString(), object[name].GetStringLength());
}

int64_t Whole(const Json& object, const char* name) {
  return object.HasMember(name) ? object[name].GetInt64() : 0;
}
int Small(const Json& object, const char* name) {
  return static_cast<int>(Whole(object, name));
}

std::vector<std::string> Texts(const Json& object, const char* name) {
  return object.HasMember(name) ? ArgumentsMeaning(object[name]) : std::vector<std::string>();
}
bool Flag(const Json& object, const char* name) {
  return object.HasMember(name) && object[name].GetBool();
}

// The enum value whose word on the wire is `word`: the words are checked against the vectors thereby.
template <typename Enum>
Enum Named(const std::string& word, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (WireWord(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
  }
  ADD_FAILURE() << "no value has the word " << word;
  return last;
}

BaseEvent Event(const Json& json) {
  BaseEvent event;
  event.state = Named(Text(json, "state"), BaseState::kReloadFailed);
  const Json& reason = json["reason"];
  const std::string word = Text(reason, "kind");
  event.reason.kind = word.empty() ? BaseReason::Kind::kOther : Named(word, BaseReason::Kind::kExitCode);
  event.reason.text = Text(reason, "text");
  event.reason.number = Whole(reason, "number");
  event.timestamp = Whole(json, "timestamp");
  event.pid = Whole(json, "pid");
  return event;
}

BaseServiceStatus Status(const Json& json) {
  BaseServiceStatus status;
  status.state = Named(Text(json, "state"), BaseServiceState::kStopping);
  for (const Json& worker : json["workers"].GetArray()) {
    status.workers.push_back({.index = Small(worker, "index"), .events = {}});
    for (const Json& event : worker["events"].GetArray())
      status.workers.back().events.push_back(Event(event));
  }
  return status;
}

WorkerView Worker(const Json& json) {
  WorkerView worker{.index = Small(json, "index"),
                    .state = Text(json, "state"),
                    .pid = Whole(json, "pid"),
                    .uptime_s = json["uptime_s"].GetDouble(),
                    .restarts = Whole(json, "restarts"),
                    .cause = Text(json, "cause"),
                    .note = Text(json, "note"),
                    .retry_in_s = json["retry_in_s"].GetDouble(),
                    .leaving = {},
                    .gauges = {},
                    .leaving_processes = {},
                    .beat_age_s = json.HasMember("beat_age_s") ? json["beat_age_s"].GetDouble() : 0};
  for (const Json& pid : json["leaving"].GetArray()) worker.leaving.push_back(pid.GetInt64());
  for (const auto& gauge : json["gauges"].GetObject()) {
    worker.gauges.emplace_back(gauge.name.GetString(), gauge.value.GetDouble());
  }
  for (const Json& leaving : json["leaving_processes"].GetArray()) {
    worker.leaving_processes.push_back({.pid = Whole(leaving, "pid"),
                                        .uptime_s = leaving["uptime_s"].GetDouble(),
                                        .leaving_s = leaving["leaving_s"].GetDouble(),
                                        .time_left_s = leaving["time_left_s"].GetDouble()});
  }
  worker.last_lines = Text(json, "last_lines");
  worker.busy = Text(json, "busy");
  if (json.HasMember("busy_left_s")) worker.busy_left_s = json["busy_left_s"].GetDouble();
  return worker;
}

ServiceView Service(const Json& json) {
  ServiceView service{.name = Text(json, "name"),
                      .state = Text(json, "state"),
                      .num = Small(json, "num"),
                      .ready = Small(json, "ready"),
                      .uptime_s = json["uptime_s"].GetDouble(),
                      .restarts = Whole(json, "restarts"),
                      .cause = Text(json, "cause"),
                      .sockets = {},
                      .still_leaving = Small(json, "still_leaving"),
                      .undrained = Small(json, "undrained"),
                      .undrained_sigterm = Small(json, "undrained_sigterm"),
                      .config_version = Whole(json, "config_version"),
                      .not_taken = Text(json, "not_taken"),
                      .file_num = Small(json, "file_num"),
                      .scaled_by = Text(json, "scaled_by"),
                      .scaled_at = Whole(json, "scaled_at"),
                      .labels = Texts(json, "labels"),
                      .type = Text(json, "type"),
                      .workers = {},
                      .events = {}};
  for (const Json& socket : json["sockets"].GetArray()) {
    service.sockets.push_back({.name = Text(socket, "name"), .address = Text(socket, "address")});
  }
  for (const Json& worker : json["workers"].GetArray()) service.workers.push_back(Worker(worker));
  for (const Json& event : json["events"].GetArray()) {
    service.events.push_back({.worker = Small(event, "worker"),
                              .timestamp = Whole(event, "timestamp"),
                              .pid = Whole(event, "pid"),
                              .state = Text(event, "state"),
                              .reason = Text(event, "reason")});
  }
  return service;
}

MasterView Master(const Json& json) {
  MasterView master{.pid = Whole(json, "pid"),
                    .version = Text(json, "version"),
                    .uptime_s = json["uptime_s"].GetDouble(),
                    .services = {},
                    .config_version = Whole(json, "config_version"),
                    .config_loaded_at_ns = Whole(json, "config_loaded_at_ns"),
                    .config_files = Texts(json, "config_files"),
                    .config_applying = Whole(json, "config_applying")};
  for (const Json& service : json["services"].GetArray()) master.services.push_back(Service(service));
  return master;
}

PlanView Plan(const Json& json) {
  PlanView plan{.id = Text(json, "id"),
                .file = Text(json, "file"),
                .version = Whole(json, "version"),
                .changes = {},
                .untouched = Small(json, "untouched"),
                .refused = Text(json, "refused"),
                .warnings = Text(json, "warnings"),
                .outcome = Text(json, "outcome"),
                .failure = Text(json, "failure")};
  for (const Json& change : json["changes"].GetArray()) {
    plan.changes.push_back({.section = Text(change, "section"),
                            .name = Text(change, "name"),
                            .kind = Text(change, "kind"),
                            .words = Text(change, "words"),
                            .keys = {},
                            .rolls = Texts(change, "rolls")});
    for (const Json& key : change["keys"].GetArray()) {
      plan.changes.back().keys.push_back({Text(key, "key"), Text(key, "before"), Text(key, "after")});
    }
  }
  return plan;
}

ResponseDetail Detail(const Json& json) {
  if (json.HasMember("because")) {
    return WhyView{.service = Text(json, "service"),
                   .worker = Small(json, "worker"),
                   .state = Text(json, "state"),
                   .since_at = Whole(json, "since_at"),
                   .since_s = json["since_s"].GetDouble(),
                   .what = Text(json, "what"),
                   .because = Text(json, "because"),
                   .next = Text(json, "next"),
                   .change = Text(json, "change")};
  }
  if (json.HasMember("plan")) return Plan(json["plan"]);
  if (json.HasMember("outcome")) {
    const Json& outcome = json["outcome"];
    return Outcome{.state = Text(outcome, "state"),
                   .cause = Text(outcome, "cause"),
                   .num = Small(outcome, "num"),
                   .ready = Small(outcome, "ready"),
                   .replaced = Small(outcome, "replaced"),
                   .still_leaving = Small(outcome, "still_leaving"),
                   .undrained = Small(outcome, "undrained"),
                   .undrained_sigterm = Small(outcome, "undrained_sigterm"),
                   .exit_code = outcome.HasMember("exit_code") ? Small(outcome, "exit_code") : -1,
                   .lines = Text(outcome, "lines"),
                   .lines_of = outcome.HasMember("lines_of") ? Small(outcome, "lines_of") : 0,
                   .took_s = outcome["took_s"].GetDouble()};
  }
  if (json.HasMember("taken")) return SentCounts{Small(json, "taken"), Small(json, "refused")};
  if (json.HasMember("lost")) return GapRecord{Small(json, "id"), Whole(json, "lost")};
  if (json.HasMember("json")) {
    return MessageRecord{.id = Small(json, "id"),
                         .service = Text(json, "service"),
                         .worker = Small(json, "worker"),
                         .pid = Whole(json, "pid"),
                         .json = Text(json, "json")};
  }
  if (json.HasMember("id")) return SubscriptionId{Small(json, "id")};
  return {};
}

}  // namespace

WorkerMessage WorkerMessageMeaning(const Json& meaning) {
  WorkerMessage message;
  message.kind = Named(Text(meaning, "kind"), WorkerMessage::Kind::kLease);
  message.text = Text(meaning, "text") + Text(meaning, "json");
  if (meaning.HasMember("level")) message.level = Small(meaning, "level");
  if (meaning.HasMember("seconds")) message.seconds = meaning["seconds"].GetDouble();
  message.progress = Whole(meaning, "progress");
  if (meaning.HasMember("gauges")) {
    for (const Json& gauge : meaning["gauges"].GetArray()) {
      message.gauges.emplace_back(gauge[0].GetString(), gauge[1].GetDouble());
    }
  }
  return message;
}

MasterCommand MasterCommandMeaning(const Json& meaning) {
  return {.kind = Named(Text(meaning, "kind"), MasterCommand::Kind::kDump), .json = Text(meaning, "json")};
}

Request RequestMeaning(const Json& meaning) {
  Request request;
  request.verb = Named(Text(meaning, "kind"), Verb::kWorkers);
  request.service = Text(meaning, "service");
  request.version = Small(meaning, "version");
  if (meaning.HasMember("leave_wait_s")) request.arguments = LeaveWait{meaning["leave_wait_s"].GetDouble()};
  if (meaning.HasMember("json")) {
    request.arguments = MessageToSend{.worker = Small(meaning, "worker"), .json = Text(meaning, "json")};
  }
  if (request.verb == Verb::kPlan || request.verb == Verb::kApply) {
    request.arguments = PlanRequest{.id = Text(meaning, "id"),
                                    .file = Text(meaning, "file"),
                                    .revert = Flag(meaning, "revert"),
                                    .wait = Flag(meaning, "wait")};
  } else if (request.verb == Verb::kWhy) {
    request.arguments = WorkerNumber{Small(meaning, "worker")};
  } else if (request.verb == Verb::kScale) {
    request.arguments =
        ScaleRequest{.to = Small(meaning, "to"), .by = Small(meaning, "by"), .reset = Flag(meaning, "reset")};
  } else if (meaning.HasMember("id")) {
    request.arguments = SubscriptionId{Small(meaning, "id")};
  }
  return request;
}

Response ResponseMeaning(const Json& meaning) {
  Response response;
  response.kind = Named(Text(meaning, "kind"), Response::Kind::kWhy);
  response.text =
      Text(meaning, "text") + Text(meaning, "reason") + Text(meaning, "message") + Text(meaning, "server");
  response.version = Small(meaning, "version");
  response.pid = Whole(meaning, "pid");
  if (meaning.HasMember("pids")) response.pids = ArgumentsMeaning(meaning["pids"]);
  if (meaning.HasMember("status")) response.status = Status(meaning["status"]);
  if (meaning.HasMember("overview")) response.overview = Master(meaning["overview"]);
  if (meaning.HasMember("inspect")) response.inspect = Service(meaning["inspect"]);
  response.detail = Detail(meaning);
  // Its number belongs to the detail alone.
  if (std::holds_alternative<MessageRecord>(response.detail)) response.pid = 0;
  return response;
}

ChannelVariable ChannelMeaning(const Json& meaning) {
  return {.read_fd = Small(meaning, "read_fd"), .write_fd = Small(meaning, "write_fd")};
}

SocketVariable SocketMeaning(const Json& meaning) {
  return {.fd = Small(meaning, "fd"),
          .family = Small(meaning, "family"),
          .type = Small(meaning, "type"),
          .protocol = Small(meaning, "protocol")};
}

std::vector<std::string> ArgumentsMeaning(const Json& meaning) {
  std::vector<std::string> arguments;
  for (const Json& argument : meaning.GetArray()) {
    arguments.emplace_back(argument.GetString(), argument.GetStringLength());
  }
  return arguments;
}

}  // namespace fectl::proto
