#include "proto_spec/control_plan.h"

#include <limits>
#include <string_view>

namespace fectl::proto {
namespace {

void AddText(const char* name, std::string_view text, JsonText* json) {
  json->Key(name);
  json->String(text);
}

void AddChange(const ChangeView& change, JsonText* json) {
  json->BeginObject();
  AddText("section", change.section, json);
  AddText("name", change.name, json);
  AddText("kind", change.kind, json);
  AddText("words", change.words, json);
  json->Key("keys");
  json->BeginArray();
  for (const KeyChangeView& key : change.keys) {
    json->BeginObject();
    AddText("key", key.key, json);
    AddText("before", key.before, json);
    AddText("after", key.after, json);
    json->EndObject();
  }
  json->EndArray();
  json->Key("rolls");
  json->BeginArray();
  for (const std::string& service : change.rolls) json->String(service);
  json->EndArray();
  json->EndObject();
}

using Value = JsonTree::Value;

bool ReadText(const Value& object, const char* name, std::string* text) {
  const Value* value = FindMember(object, name);
  if (value == nullptr || value->IsNull()) return true;
  if (!value->IsString()) return false;
  *text = Text(*value);
  return true;
}

template <typename Number>
bool ReadWhole(const Value& object, const char* name, Number* number) {
  const Value* value = FindMember(object, name);
  if (value == nullptr || value->IsNull()) return true;
  if (!value->IsInt64() || value->GetInt64() < 0) return false;
  if (value->GetInt64() > std::numeric_limits<Number>::max()) return false;
  *number = static_cast<Number>(value->GetInt64());
  return true;
}

// `read` is called with each element.
template <typename Read>
bool ReadArray(const Value& object, const char* name, Read read) {
  const Value* value = FindMember(object, name);
  if (value == nullptr || value->IsNull()) return true;
  if (!value->IsArray()) return false;
  for (const Value& element : value->GetArray()) {
    if (!read(element)) return false;
  }
  return true;
}

bool ReadKey(const Value& object, KeyChangeView* key) {
  return object.IsObject() && ReadText(object, "key", &key->key) &&
         ReadText(object, "before", &key->before) && ReadText(object, "after", &key->after);
}

bool ReadChange(const Value& object, ChangeView* change) {
  const auto key = [change](const Value& element) { return ReadKey(element, &change->keys.emplace_back()); };
  const auto service = [change](const Value& element) {
    if (!element.IsString()) return false;
    change->rolls.emplace_back(Text(element));
    return true;
  };
  return object.IsObject() && ReadText(object, "section", &change->section) &&
         ReadText(object, "name", &change->name) && ReadText(object, "kind", &change->kind) &&
         ReadText(object, "words", &change->words) && ReadArray(object, "keys", key) &&
         ReadArray(object, "rolls", service);
}

}  // namespace

void AppendPlanMembers(const PlanView& plan, JsonText* json) {
  AddText("id", plan.id, json);
  AddText("file", plan.file, json);
  json->Key("version");
  json->Integer(plan.version);
  json->Key("changes");
  json->BeginArray();
  for (const ChangeView& change : plan.changes) AddChange(change, json);
  json->EndArray();
  json->Key("untouched");
  json->Integer(plan.untouched);
  AddText("refused", plan.refused, json);
  AddText("warnings", plan.warnings, json);
  AddText("outcome", plan.outcome, json);
  AddText("failure", plan.failure, json);
}

bool ReadPlanMembers(const JsonTree::Value& object, PlanView* plan) {
  const auto change = [plan](const Value& element) {
    return ReadChange(element, &plan->changes.emplace_back());
  };
  return object.IsObject() && ReadText(object, "id", &plan->id) && ReadText(object, "file", &plan->file) &&
         ReadWhole(object, "version", &plan->version) && ReadArray(object, "changes", change) &&
         ReadWhole(object, "untouched", &plan->untouched) && ReadText(object, "refused", &plan->refused) &&
         ReadText(object, "warnings", &plan->warnings) && ReadText(object, "outcome", &plan->outcome) &&
         ReadText(object, "failure", &plan->failure);
}

}  // namespace fectl::proto
