#include "master/evidence/report.h"

#include <cmath>
#include <vector>

#include "proto_spec/json/json_text.h"
#include "proto_spec/message.h"

namespace fectl::evidence {
namespace {

using proto::JsonText;

void Put(std::string_view name, std::string_view text, JsonText* json) {
  if (text.empty()) return;
  json->Key(name);
  json->String(text);
}

void PutFlag(std::string_view name, bool flag, JsonText* json) {
  if (!flag) return;
  json->Key(name);
  json->Raw("true");
}

template <typename Items, typename Write>
void PutList(std::string_view name, const Items& items, JsonText* json, Write write) {
  if (items.empty()) return;
  json->Key(name);
  json->BeginArray();
  for (const auto& item : items) write(item);
  json->EndArray();
}

void WriteFrames(const std::vector<Frame>& frames, JsonText* json) {
  PutList("frames", frames, json, [json](const Frame& frame) {
    json->BeginObject();
    Put("function", frame.function, json);
    Put("file", frame.file, json);
    if (frame.line > 0) json->Key("line"), json->Integer(frame.line);
    Put("module", frame.module, json);
    if (!frame.module.empty() || (frame.function.empty() && frame.file.empty()))
      json->Key("offset"), json->Integer(static_cast<int64_t>(frame.offset));
    Put("build_id", frame.build_id, json);
    PutFlag("library", frame.library || frame.foreign, json);
    json->EndObject();
  });
}

void WriteThread(const Thread& thread, JsonText* json) {
  json->BeginObject();
  json->Key("id"), json->Integer(thread.id);
  Put("name", thread.name, json);
  Put("state", std::string_view(&thread.state, 1), json);
  Put("waits_in", thread.waits_in, json);
  Put("system_call", thread.system_call, json);
  json->Key("busy_percent"), json->Number(std::round(thread.busy_percent));
  WriteFrames(thread.frames, json);
  json->EndObject();
}

void WritePython(const PythonStack& stack, JsonText* json) {
  json->BeginObject();
  Put("kind", stack.kind, json);
  Put("name", stack.name, json);
  if (stack.id > 0) json->Key("id"), json->Integer(stack.id);
  PutFlag("serves", stack.serves, json);
  PutFlag("idle", stack.idle, json);
  Put("awaits", stack.awaits, json);
  WriteFrames(stack.frames, json);
  json->EndObject();
}

// `known` with one member more.
std::string Summary(std::string_view known, std::string_view where) {
  JsonText json;
  json.BeginObject();
  Put("where", where, &json);
  json.EndObject();
  std::string own = json.Take();
  const bool is_object =
      known.size() > 2 && known.starts_with('{') && known.ends_with('}') && proto::ValidJson(known);
  if (!is_object) return own;
  return std::string(known.substr(0, known.size() - 1)) + "," + own.substr(1);
}

std::string Write(std::string_view known, std::string_view where, const Findings& findings) {
  JsonText json;
  json.BeginObject();
  json.Key("summary"), json.Raw(Summary(known, where));
  PutList("threads", findings.threads, &json, [&json](const Thread& thread) { WriteThread(thread, &json); });
  PutList("python", findings.python, &json, [&json](const PythonStack& stack) { WritePython(stack, &json); });
  json.Key("memory");
  json.BeginObject();
  for (const auto& [name, value] : findings.memory) Put(name, value, &json);
  json.EndObject();
  PutList("descriptors", findings.descriptors, &json, [&json](const auto& descriptor) {
    json.BeginArray();
    json.Integer(descriptor.first);
    json.String(descriptor.second);
    json.EndArray();
  });
  PutList("missing", findings.missing, &json, [&json](const std::string& text) { json.String(text); });
  json.EndObject();
  return json.Take();
}

// The next least telling thing. False: there is nothing left to leave out.
bool LeaveOut(Findings* findings) {
  if (!findings->descriptors.empty()) {
    findings->descriptors.clear();
    findings->missing.emplace_back("the list of descriptors was too long");
  } else if (findings->threads.size() > 1) {
    findings->threads.resize(findings->threads.size() / 2);
    findings->missing.emplace_back("there were too many threads");
  } else if (findings->python.size() > 1) {
    // The one that serves is the first one, where Python tells it itself.
    findings->python.resize(findings->python.size() / 2);
    findings->missing.emplace_back("there were too many threads and tasks of Python");
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string Report(std::string_view known, std::string_view where, Findings findings) {
  std::string report = Write(known, where, findings);
  while (report.size() > kReportBytesMax && LeaveOut(&findings)) report = Write(known, where, findings);
  return report.size() <= kReportBytesMax ? report : Write({}, where, {});
}

}  // namespace fectl::evidence
