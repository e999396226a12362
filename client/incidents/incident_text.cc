#include "client/incidents/incident_text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::client {
namespace {

using Value = proto::JsonTree::Value;

std::string TextOf(const Value& object, std::string_view name) {
  const Value* value = object.IsObject() ? FindMember(object, name) : nullptr;
  return value != nullptr && value->IsString() ? base::EscapeForTerminal(proto::Text(*value)) : "";
}

int64_t NumberOf(const Value& object, std::string_view name) {
  const Value* value = object.IsObject() ? FindMember(object, name) : nullptr;
  return value != nullptr && value->IsInt64() ? value->GetInt64() : 0;
}

double DoubleOf(const Value& object, std::string_view name) {
  const Value* value = object.IsObject() ? FindMember(object, name) : nullptr;
  return value != nullptr && value->IsNumber() ? value->GetDouble() : 0;
}

bool FlagOf(const Value& object, std::string_view name) {
  const Value* value = object.IsObject() ? FindMember(object, name) : nullptr;
  return value != nullptr && value->IsBool() && value->GetBool();
}

const Value* ListOf(const Value& object, std::string_view name) {
  const Value* value = object.IsObject() ? FindMember(object, name) : nullptr;
  return value != nullptr && value->IsArray() ? value : nullptr;
}

std::string Whose(const Value& summary) {
  std::string text = TextOf(summary, "service");
  if (const int64_t worker = NumberOf(summary, "worker"); worker > 0) text += "/" + std::to_string(worker);
  return text;
}

std::string KindOf(const Value& summary) {
  const std::string kind = TextOf(summary, "kind");
  return kind.empty() ? "hang" : kind;
}

std::string What(const Value& summary) {
  const std::string where = TextOf(summary, "where");
  const std::string why = TextOf(summary, "why");
  return where.empty() || why.empty() ? where + why : where + "; it " + why;
}

std::string_view StateWord(std::string_view letter) {
  if (letter == "R") return "runs";
  if (letter == "S") return "waits";
  if (letter == "D") return "waits in the kernel and cannot be disturbed";
  if (letter == "T" || letter == "t") return "is stopped";
  return letter == "Z" ? "has ended" : letter;
}

std::string FrameLine(const Value& frame) {
  std::string line = "      " + TextOf(frame, "function");
  const std::string file = TextOf(frame, "file");
  const std::string module = TextOf(frame, "module");
  char offset[32];
  snprintf(offset, sizeof offset, "+0x%llx", static_cast<unsigned long long>(NumberOf(frame, "offset")));
  if (!file.empty()) {
    line += " " + file;
    if (const int64_t number = NumberOf(frame, "line"); number > 0) line += ":" + std::to_string(number);
  } else {
    line += (line.size() > 6 ? " in " : "") + (module.empty() ? "?" : module) + offset;
  }
  return line + "\n";
}

std::string ThreadLines(const Value& thread) {
  std::string text = "    thread " + std::to_string(NumberOf(thread, "id"));
  if (const std::string name = TextOf(thread, "name"); !name.empty()) text += " " + name;
  text.append(" ").append(StateWord(TextOf(thread, "state")));
  if (const std::string in = TextOf(thread, "waits_in"); !in.empty()) text += " in " + in;
  char busy[48];
  snprintf(busy, sizeof busy, ", %.0f %% of a processor\n", DoubleOf(thread, "busy_percent"));
  text += busy;
  if (const Value* frames = ListOf(thread, "frames"); frames != nullptr) {
    for (const Value& frame : frames->GetArray()) text += FrameLine(frame);
  }
  return text;
}

std::string PythonLines(const Value& stack) {
  std::string text = "    " + TextOf(stack, "kind") + " " + TextOf(stack, "name");
  if (const int64_t id = NumberOf(stack, "id"); id > 0) text += " (" + std::to_string(id) + ")";
  if (FlagOf(stack, "serves")) text += ", which sends the heartbeats";
  if (FlagOf(stack, "idle")) text += ", waits for events";
  if (const std::string awaits = TextOf(stack, "awaits"); !awaits.empty()) text += ", awaits " + awaits;
  text += "\n";
  if (const Value* frames = ListOf(stack, "frames"); frames != nullptr) {
    for (const Value& frame : frames->GetArray()) text += FrameLine(frame);
  }
  return text;
}

std::string Heading(const char* words, const std::string& lines) {
  return lines.empty() ? "" : "  " + std::string(words) + ":\n" + lines;
}

template <typename Lines>
std::string LinesOf(const Value& root, std::string_view name, Lines lines) {
  std::string text;
  const Value* list = ListOf(root, name);
  if (list == nullptr) return text;
  for (const Value& one : list->GetArray()) text += lines(one);
  return text;
}

std::string MemoryLines(const Value& root) {
  std::string text;
  const Value* object = FindMember(root, "memory");
  if (object == nullptr || !object->IsObject()) return text;
  for (const auto& member : object->GetObject()) {
    if (!member.value.IsString()) continue;
    text += "    " + base::EscapeForTerminal(proto::Text(member.name)) + " " +
            base::EscapeForTerminal(proto::Text(member.value)) + "\n";
  }
  return text;
}

std::string GaugeLines(const Value& summary) {
  std::string text;
  const Value* object = FindMember(summary, "gauges");
  if (object == nullptr || !object->IsObject()) return text;
  for (const auto& member : object->GetObject()) {
    if (!member.value.IsNumber()) continue;
    char number[32];
    snprintf(number, sizeof number, " %.10g\n", member.value.GetDouble());
    text += "    " + base::EscapeForTerminal(proto::Text(member.name)) + number;
  }
  return text;
}

std::string DescriptorLine(const Value& one) {
  if (!one.IsArray() || one.Size() != 2 || !one[0].IsInt64() || !one[1].IsString()) return "";
  return "    " + std::to_string(one[0].GetInt64()) + " " + base::EscapeForTerminal(proto::Text(one[1])) +
         "\n";
}

std::string MissingLine(const Value& one) {
  return one.IsString() ? "    " + base::EscapeForTerminal(proto::Text(one)) + "\n" : "";
}

std::string LastLines(const Value& root) {
  std::string text;
  const Value* last = FindMember(root, "last_lines");
  if (last == nullptr || !last->IsString()) return text;
  std::string_view rest = proto::Text(*last);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    text += "    " + base::EscapeForTerminal(std::string(rest.substr(0, end))) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string Details(const Value& root) {
  return Heading("Python", LinesOf(root, "python", PythonLines)) +
         Heading("threads", LinesOf(root, "threads", ThreadLines)) + Heading("last lines", LastLines(root)) +
         Heading("memory", MemoryLines(root)) +
         Heading("descriptors", LinesOf(root, "descriptors", DescriptorLine)) +
         Heading("could not be found out", LinesOf(root, "missing", MissingLine));
}

}  // namespace

std::string IncidentsText(const std::vector<proto::Incident>& incidents) {
  if (incidents.empty()) return "no incidents are kept\n";
  std::string text;
  for (const proto::Incident& incident : incidents) {
    text += std::to_string(incident.id) + "  " + UtcTime(static_cast<double>(incident.t_ms / 1000));
    if (proto::ValidJson(incident.summary)) {
      const proto::JsonTree tree(incident.summary);
      text += "  " + KindOf(tree.root()) + "  " + Whose(tree.root()) + " pid " +
              std::to_string(NumberOf(tree.root(), "pid")) + "  " + What(tree.root());
    }
    text += "\n";
  }
  return text;
}

std::string IncidentsJson(const std::vector<proto::Incident>& incidents) {
  proto::JsonText json;
  json.BeginObject();
  json.Key("incidents");
  json.BeginArray();
  for (const proto::Incident& incident : incidents) {
    json.BeginObject();
    json.Key("id"), json.Integer(static_cast<int64_t>(incident.id));
    json.Key("t"), json.Integer(incident.t_ms);
    json.Key("bytes"), json.Integer(static_cast<int64_t>(incident.bytes));
    if (proto::ValidJson(incident.summary)) json.Key("summary"), json.Raw(incident.summary);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take() + "\n";
}

std::string IncidentText(const proto::Incident& incident) {
  std::string text = "incident " + std::to_string(incident.id) + ", kept " +
                     UtcTime(static_cast<double>(incident.t_ms / 1000)) + "\n";
  if (!proto::ValidJson(incident.text)) return text + "  its text is damaged\n";
  const proto::JsonTree tree(incident.text);
  if (!tree.root().IsObject()) return text + "  its text is damaged\n";
  if (const Value* summary = FindMember(tree.root(), "summary"); summary != nullptr && summary->IsObject()) {
    text += "  " + Whose(*summary) + " pid " + std::to_string(NumberOf(*summary, "pid")) + ": " +
            What(*summary) + "\n";
    if (const std::string note = TextOf(*summary, "note"); !note.empty())
      text += "  it had said: " + note + "\n";
    if (const std::string core = TextOf(*summary, "core"); !core.empty())
      text += "  core dump: " + core + "\n";
    text += Heading("gauges", GaugeLines(*summary));
  }
  return text + Details(tree.root());
}

}  // namespace fectl::client
