#include "client/events/event_text.h"

#include <cstdio>

#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::client {
namespace {

using Value = proto::JsonTree::Value;

std::string TimeText(int64_t t_ms) {
  char milliseconds[16];
  snprintf(milliseconds, sizeof milliseconds, ".%03dZ", static_cast<int>(t_ms < 0 ? 0 : t_ms % 1000));
  std::string text = UtcTime(static_cast<double>(t_ms / 1000));
  if (text.ends_with('Z')) text.replace(text.size() - 1, 1, milliseconds);
  return text;
}

// A number or a word as it stands, any other text in quotes.
std::string ValueText(const Value& value) {
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (value.IsNumber()) {
    char text[32];
    snprintf(text, sizeof text, "%g", value.GetDouble());
    return text;
  }
  if (!value.IsString()) return "...";
  const std::string text(proto::Text(value));
  const bool plain = !text.empty() && text.find_first_of(" \"=") == std::string::npos;
  return plain ? text : "\"" + text + "\"";
}

std::string Whose(const Value& event) {
  std::string text;
  const Value* service = FindMember(event, "service");
  const Value* worker = FindMember(event, "worker");
  const Value* pid = FindMember(event, "pid");
  if (service != nullptr && service->IsString()) text.append(" ").append(proto::Text(*service));
  if (worker != nullptr && worker->IsInt64()) text += "/" + std::to_string(worker->GetInt64());
  if (pid != nullptr && pid->IsInt64()) text += " pid " + std::to_string(pid->GetInt64());
  return text;
}

}  // namespace

std::string EventText(const proto::EventLine& event) {
  std::string text = TimeText(event.t_ms) + " " + std::to_string(event.seq) + " " + event.type;
  const proto::JsonTree tree(event.json);
  if (!tree.root().IsObject()) return base::EscapeForTerminal(text);
  text += Whose(tree.root());
  const Value* data = FindMember(tree.root(), "data");
  if (data == nullptr || !data->IsObject()) return base::EscapeForTerminal(text);
  const Value* why = FindMember(*data, "why");
  if (why != nullptr && why->IsString()) text.append(": ").append(proto::Text(*why));
  std::string others;
  for (const auto& member : data->GetObject()) {
    const std::string name(proto::Text(member.name));
    if (name != "why") others += " " + name + "=" + ValueText(member.value);
  }
  if (!others.empty()) text += (why == nullptr ? ":" : ";") + others;
  return base::EscapeForTerminal(text);
}

std::string GapText(const proto::EventGap& gap) {
  if (gap.from == gap.to)
    return "event " + std::to_string(gap.from) + " is missing: it was not kept, or not read in time";
  return "events " + std::to_string(gap.from) + " to " + std::to_string(gap.to) +
         " are missing: they were not kept, or not read in time";
}

std::string GapJson(const proto::EventGap& gap) {
  return "{\"type\":\"gap\",\"from\":" + std::to_string(gap.from) + ",\"to\":" + std::to_string(gap.to) + "}";
}

}  // namespace fectl::client
