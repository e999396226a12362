#include "proto_spec/rollout/control_rollout.h"

#include <limits>
#include <string_view>

namespace fectl::proto {
namespace {

using Value = JsonTree::Value;

// Writes what is not 0 or empty.
void AddText(const char* name, std::string_view text, JsonText* json) {
  if (text.empty()) return;
  json->Key(name);
  json->String(text);
}
void AddWhole(const char* name, int64_t number, JsonText* json) {
  if (number == 0) return;
  json->Key(name);
  json->Integer(number);
}
void AddReal(const char* name, double number, JsonText* json) {
  if (number <= 0) return;
  json->Key(name);
  json->Number(number);
}

const Value* Find(const Value& object, const char* name) {
  const Value* value = FindMember(object, name);
  return value == nullptr || value->IsNull() ? nullptr : value;
}
bool ReadText(const Value& object, const char* name, std::string* text) {
  const Value* value = Find(object, name);
  if (value == nullptr) return true;
  if (!value->IsString()) return false;
  *text = Text(*value);
  return true;
}
template <typename Number>
bool ReadWhole(const Value& object, const char* name, Number* number) {
  const Value* value = Find(object, name);
  if (value == nullptr) return true;
  if (!value->IsInt64() || value->GetInt64() < 0) return false;
  if (value->GetInt64() > std::numeric_limits<Number>::max()) return false;
  *number = static_cast<Number>(value->GetInt64());
  return true;
}
bool ReadReal(const Value& object, const char* name, double* number) {
  const Value* value = Find(object, name);
  if (value == nullptr) return true;
  if (!value->IsNumber() || value->GetDouble() < 0) return false;
  *number = value->GetDouble();
  return true;
}

bool ReadFlag(const Value& object, const char* name, bool* flag) {
  const Value* value = Find(object, name);
  if (value == nullptr) return true;
  if (!value->IsBool()) return false;
  *flag = value->GetBool();
  return true;
}

void AddWorker(const RolledWorkerView& worker, JsonText* json) {
  json->BeginObject();
  AddWhole("worker", worker.worker, json);
  AddWhole("pid", worker.pid, json);
  AddWhole("old_pid", worker.old_pid, json);
  AddReal("load_s", worker.load_s, json);
  AddWhole("rss", worker.rss, json);
  AddWhole("old_rss", worker.old_rss, json);
  AddReal("served_s", worker.served_s, json);
  AddText("end", worker.end, json);
  json->EndObject();
}

bool ReadWorker(const Value& object, RolledWorkerView* worker) {
  return object.IsObject() && ReadWhole(object, "worker", &worker->worker) &&
         ReadWhole(object, "pid", &worker->pid) && ReadWhole(object, "old_pid", &worker->old_pid) &&
         ReadReal(object, "load_s", &worker->load_s) && ReadWhole(object, "rss", &worker->rss) &&
         ReadWhole(object, "old_rss", &worker->old_rss) && ReadReal(object, "served_s", &worker->served_s) &&
         ReadText(object, "end", &worker->end);
}

}  // namespace

void AppendRolloutMembers(const RolloutView& rollout, JsonText* json) {
  json->Key("outcome");
  json->String(rollout.outcome);
  AddText("stage", rollout.stage, json);
  AddReal("left_s", rollout.left_s, json);
  AddReal("took_s", rollout.took_s, json);
  AddReal("back_s", rollout.back_s, json);
  AddText("words", rollout.words, json);
  if (rollout.kept) {
    json->Key("kept");
    json->Raw("true");
  }
  AddWhole("num", rollout.num, json);
  AddWhole("new_workers", rollout.new_workers, json);
  json->Key("workers");
  json->BeginArray();
  for (const RolledWorkerView& worker : rollout.workers) AddWorker(worker, json);
  json->EndArray();
}

bool ReadRolloutMembers(const Value& object, RolloutView* rollout) {
  const bool read =
      object.IsObject() && ReadText(object, "outcome", &rollout->outcome) &&
      ReadText(object, "stage", &rollout->stage) && ReadReal(object, "left_s", &rollout->left_s) &&
      ReadReal(object, "took_s", &rollout->took_s) && ReadReal(object, "back_s", &rollout->back_s) &&
      ReadText(object, "words", &rollout->words) && ReadFlag(object, "kept", &rollout->kept) &&
      ReadWhole(object, "num", &rollout->num) && ReadWhole(object, "new_workers", &rollout->new_workers);
  const Value* workers = read ? Find(object, "workers") : nullptr;
  if (workers == nullptr) return read;
  if (!workers->IsArray()) return false;
  for (const Value& worker : workers->GetArray()) {
    if (!ReadWorker(worker, &rollout->workers.emplace_back())) return false;
  }
  return true;
}

}  // namespace fectl::proto
