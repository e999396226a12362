#include "proto_spec/control_status.h"

#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::proto {
namespace {

// ---- writing

void Put(std::string_view name, const std::string& text, JsonText* json) {
  json->Key(name);
  json->String(text);
}

void Put(std::string_view name, int64_t number, JsonText* json) {
  json->Key(name);
  json->Integer(number);
}

// JSON has no infinity: what is not finite is written as 0.
void PutReal(std::string_view name, double number, JsonText* json) {
  json->Key(name);
  json->Number(std::isfinite(number) ? number : 0);
}

void PutIfSet(std::string_view name, const std::string& text, JsonText* json) {
  if (!text.empty()) Put(name, text, json);
}

void PutIfSet(std::string_view name, int64_t number, JsonText* json) {
  if (number != 0) Put(name, number, json);
}

void PutRealIfSet(std::string_view name, double number, JsonText* json) {
  if (std::isfinite(number) && number != 0) PutReal(name, number, json);
}

void PutIfSet(std::string_view name, const std::vector<std::string>& texts, JsonText* json) {
  if (texts.empty()) return;
  json->Key(name);
  json->BeginArray();
  for (const std::string& text : texts) json->String(text);
  json->EndArray();
}

void WriteLeaving(const LeavingView& leaving, JsonText* json) {
  json->BeginObject();
  Put("pid", leaving.pid, json);
  PutReal("uptime_s", leaving.uptime_s, json);
  PutReal("leaving_s", leaving.leaving_s, json);
  PutReal("time_left_s", leaving.time_left_s, json);
  json->EndObject();
}

void WriteWorker(const WorkerView& worker, JsonText* json) {
  json->BeginObject();
  Put("index", worker.index, json);
  Put("state", worker.state, json);
  Put("pid", worker.pid, json);
  PutReal("uptime_s", worker.uptime_s, json);
  Put("restarts", worker.restarts, json);
  Put("cause", worker.cause, json);
  Put("note", worker.note, json);
  PutReal("retry_in_s", worker.retry_in_s, json);
  json->Key("leaving");
  json->BeginArray();
  for (int64_t pid : worker.leaving) json->Integer(pid);
  json->EndArray();
  json->Key("gauges");
  json->BeginObject();
  for (const auto& [name, value] : worker.gauges) {
    if (std::isfinite(value)) PutReal(name, value, json);
  }
  json->EndObject();
  json->Key("leaving_processes");
  json->BeginArray();
  for (const LeavingView& leaving : worker.leaving_processes) WriteLeaving(leaving, json);
  json->EndArray();
  PutIfSet("last_lines", worker.last_lines, json);
  PutIfSet("busy", worker.busy, json);
  PutRealIfSet("busy_left_s", worker.busy_left_s, json);
  PutRealIfSet("beat_age_s", worker.beat_age_s, json);
  json->EndObject();
}

void WriteEvent(const EventView& event, JsonText* json) {
  json->BeginObject();
  Put("worker", event.worker, json);
  Put("timestamp", event.timestamp, json);
  Put("pid", event.pid, json);
  Put("state", event.state, json);
  Put("reason", event.reason, json);
  json->EndObject();
}

void WriteService(const ServiceView& service, bool whole, JsonText* json) {
  json->BeginObject();
  Put("name", service.name, json);
  Put("state", service.state, json);
  Put("num", service.num, json);
  Put("ready", service.ready, json);
  PutReal("uptime_s", service.uptime_s, json);
  Put("restarts", service.restarts, json);
  Put("cause", service.cause, json);
  json->Key("sockets");
  json->BeginArray();
  for (const SocketView& socket : service.sockets) {
    json->BeginObject();
    Put("name", socket.name, json);
    Put("address", socket.address, json);
    json->EndObject();
  }
  json->EndArray();
  Put("still_leaving", service.still_leaving, json);
  Put("undrained", service.undrained, json);
  Put("undrained_sigterm", service.undrained_sigterm, json);
  PutIfSet("config_version", service.config_version, json);
  PutIfSet("not_taken", service.not_taken, json);
  PutIfSet("file_num", service.file_num, json);
  PutIfSet("scaled_by", service.scaled_by, json);
  PutIfSet("scaled_at", service.scaled_at, json);
  PutIfSet("labels", service.labels, json);
  PutIfSet("type", service.type, json);
  if (whole || !service.workers.empty()) {
    json->Key("workers");
    json->BeginArray();
    for (const WorkerView& worker : service.workers) WriteWorker(worker, json);
    json->EndArray();
  }
  if (whole) {
    json->Key("events");
    json->BeginArray();
    for (const EventView& event : service.events) WriteEvent(event, json);
    json->EndArray();
  }
  json->EndObject();
}

// ---- reading

using Value = JsonTree::Value;

// Reads members of one object. The first member of a wrong type is remembered and ends the reading in an
// error, so that every call can be written as if it succeeded.
class Members {
 public:
  Members(const Value& object, absl::Status* error) : object_(object), error_(error) {
    if (!object.IsObject()) Fail("an object", "a part of the answer");
  }

  void Get(const char* name, std::string* text) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    if (!value->IsString()) return Fail("a string", name);
    *text = Text(*value);
  }
  void Get(const char* name, int64_t* number) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    if (!value->IsInt64()) return Fail("a whole number", name);
    *number = value->GetInt64();
  }
  void Get(const char* name, int* number) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    if (!value->IsInt()) return Fail("a whole number", name);
    *number = value->GetInt();
  }
  void Get(const char* name, double* number) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    if (!value->IsNumber()) return Fail("a number", name);
    *number = value->GetDouble();
  }
  // Calls `read(item, &element)` for each item of the array and collects the elements.
  template <typename Element, typename Read>
  void GetList(const char* name, std::vector<Element>* list, Read read) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    if (!value->IsArray()) return Fail("an array", name);
    list->reserve(value->Size());
    for (const Value& item : value->GetArray()) {
      Element element{};
      read(item, &element);
      list->push_back(std::move(element));
    }
  }
  void GetTexts(const char* name, std::vector<std::string>* texts) {
    GetList(name, texts, [this, name](const Value& item, std::string* text) {
      if (!item.IsString()) return Fail("an array of strings", name);
      *text = Text(item);
    });
  }
  void GetNumbers(const char* name, std::vector<std::pair<std::string, double>>* numbers) {
    const Value* value = Find(name);
    if (value == nullptr) return;
    auto read = ReadNumbers(*value);
    if (!read.has_value()) return Fail("an object of numbers", name);
    *numbers = *std::move(read);
  }
  void Fail(const char* expected, const char* name) {
    if (error_->ok()) *error_ = absl::InvalidArgumentError(absl::StrCat(name, " is not ", expected));
  }

 private:
  // nullptr: the member is absent or null.
  const Value* Find(const char* name) const {
    if (!object_.IsObject()) return nullptr;
    const Value* value = FindMember(object_, name);
    return value == nullptr || value->IsNull() ? nullptr : value;
  }

  const Value& object_;
  absl::Status* error_;
};

void ReadWorker(const Value& object, absl::Status* error, WorkerView* worker) {
  Members members(object, error);
  members.Get("index", &worker->index);
  members.Get("state", &worker->state);
  members.Get("pid", &worker->pid);
  members.Get("uptime_s", &worker->uptime_s);
  members.Get("restarts", &worker->restarts);
  members.Get("cause", &worker->cause);
  members.Get("note", &worker->note);
  members.Get("retry_in_s", &worker->retry_in_s);
  members.GetList("leaving", &worker->leaving, [&members](const Value& item, int64_t* pid) {
    if (!item.IsInt64()) return members.Fail("an array of pids", "leaving");
    *pid = item.GetInt64();
  });
  members.GetNumbers("gauges", &worker->gauges);
  members.GetList("leaving_processes", &worker->leaving_processes,
                  [error](const Value& item, LeavingView* leaving) {
                    Members leaving_members(item, error);
                    leaving_members.Get("pid", &leaving->pid);
                    leaving_members.Get("uptime_s", &leaving->uptime_s);
                    leaving_members.Get("leaving_s", &leaving->leaving_s);
                    leaving_members.Get("time_left_s", &leaving->time_left_s);
                  });
  members.Get("last_lines", &worker->last_lines);
  members.Get("busy", &worker->busy);
  members.Get("busy_left_s", &worker->busy_left_s);
  members.Get("beat_age_s", &worker->beat_age_s);
}

void ReadEvent(const Value& object, absl::Status* error, EventView* event) {
  Members members(object, error);
  members.Get("worker", &event->worker);
  members.Get("timestamp", &event->timestamp);
  members.Get("pid", &event->pid);
  members.Get("state", &event->state);
  members.Get("reason", &event->reason);
}

void ReadService(const Value& object, absl::Status* error, ServiceView* service) {
  Members members(object, error);
  members.Get("name", &service->name);
  members.Get("state", &service->state);
  members.Get("num", &service->num);
  members.Get("ready", &service->ready);
  members.Get("uptime_s", &service->uptime_s);
  members.Get("restarts", &service->restarts);
  members.Get("cause", &service->cause);
  members.GetList("sockets", &service->sockets, [error](const Value& item, SocketView* socket) {
    Members socket_members(item, error);
    socket_members.Get("name", &socket->name);
    socket_members.Get("address", &socket->address);
  });
  members.Get("still_leaving", &service->still_leaving);
  members.Get("undrained", &service->undrained);
  members.Get("undrained_sigterm", &service->undrained_sigterm);
  members.Get("config_version", &service->config_version);
  members.Get("not_taken", &service->not_taken);
  members.Get("file_num", &service->file_num);
  members.Get("scaled_by", &service->scaled_by);
  members.Get("scaled_at", &service->scaled_at);
  members.GetTexts("labels", &service->labels);
  members.Get("type", &service->type);
  members.GetList("workers", &service->workers,
                  [error](const Value& item, WorkerView* worker) { ReadWorker(item, error, worker); });
  members.GetList("events", &service->events,
                  [error](const Value& item, EventView* event) { ReadEvent(item, error, event); });
}

}  // namespace

std::string EncodeMasterView(const MasterView& view) {
  JsonText json;
  json.BeginObject();
  Put("pid", view.pid, &json);
  Put("version", view.version, &json);
  PutReal("uptime_s", view.uptime_s, &json);
  json.Key("services");
  json.BeginArray();
  for (const ServiceView& service : view.services) WriteService(service, /*whole=*/false, &json);
  json.EndArray();
  PutIfSet("config_version", view.config_version, &json);
  PutIfSet("config_loaded_at_ns", view.config_loaded_at_ns, &json);
  PutIfSet("config_files", view.config_files, &json);
  PutIfSet("config_applying", view.config_applying, &json);
  json.EndObject();
  return json.Take();
}

std::string EncodeServiceView(const ServiceView& view) {
  JsonText json;
  WriteService(view, /*whole=*/true, &json);
  return json.Take();
}

absl::StatusOr<MasterView> DecodeMasterView(std::string_view data) {
  if (data.empty()) return absl::InvalidArgumentError("an overview without data");
  const JsonTree tree(data);
  absl::Status error;
  MasterView view;
  Members members(tree.root(), &error);
  members.Get("pid", &view.pid);
  members.Get("version", &view.version);
  members.Get("uptime_s", &view.uptime_s);
  members.GetList("services", &view.services,
                  [&error](const Value& item, ServiceView* service) { ReadService(item, &error, service); });
  members.Get("config_version", &view.config_version);
  members.Get("config_loaded_at_ns", &view.config_loaded_at_ns);
  members.GetTexts("config_files", &view.config_files);
  members.Get("config_applying", &view.config_applying);
  if (!error.ok()) return error;
  return view;
}

absl::StatusOr<ServiceView> DecodeServiceView(std::string_view data) {
  if (data.empty()) return absl::InvalidArgumentError("a service's view without data");
  const JsonTree tree(data);
  absl::Status error;
  ServiceView view;
  ReadService(tree.root(), &error, &view);
  if (!error.ok()) return error;
  return view;
}

}  // namespace fectl::proto
