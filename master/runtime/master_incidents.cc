// What is found out about workers that hang.

#include <string>
#include <utility>

#include "master/core/boundary/cause.h"
#include "master/platform/loop/clock.h"
#include "master/runtime/master.h"
#include "proto_spec/json/json_text.h"

namespace fectl::runtime {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
// What is kept of one incident, as the logger has it.
constexpr size_t kIncidentBytesMax = size_t{256} << 10;

// The JSON object with one member more, if it fits.
std::string With(std::string text, std::string_view name, const std::string& value) {
  proto::JsonText member;
  member.BeginObject();
  member.Key(name);
  member.String(value);
  member.EndObject();
  const std::string more = member.Take();
  if (value.empty() || text.size() < 3 || text.size() + more.size() > kIncidentBytesMax) return text;
  text.back() = ',';
  return text + more.substr(1);
}

// What the master knows, as a JSON object.
std::string KnownOf(const WorkerLink& link, const std::string& service, const core::Cause& cause) {
  proto::JsonText json;
  json.BeginObject();
  json.Key("t"), json.Integer(platform::WallNanos() / kNanosPerMilli);
  json.Key("service"), json.String(service);
  json.Key("worker"), json.Integer(int64_t{link.who().slot} + 1);
  json.Key("gen"), json.Integer(static_cast<int64_t>(link.who().generation));
  json.Key("pid"), json.Integer(link.pid());
  json.Key("why"), json.String(core::ToWords(cause));
  if (!link.note().empty()) json.Key("note"), json.String(link.note());
  if (!link.gauges().empty()) {
    json.Key("gauges");
    json.BeginObject();
    for (const auto& [name, value] : link.gauges()) json.Key(name), json.Number(value);
    json.EndObject();
  }
  json.EndObject();
  return json.Take();
}

}  // namespace

void Master::Do(const core::Examine& effect) {
  const WorkerLink* const link = workers_.Find(effect.who);
  const auto plan = link == nullptr ? plans_.end() : plans_.find(link->plan());
  if (plan == plans_.end() || link->pid() == 0) return Emit(core::Examined{effect.who, ""});
  examiner_.Begin(effect.who, link->pid(), plan->second.launch,
                  KnownOf(*link, NameOf(effect.who.service), effect.cause), driver_.at().now);
}

uint64_t Master::KeepIncident(const core::Incarnation& who, std::string text) {
  const uint64_t id = logs_.NewIncident();
  logs_.AskLast(who, driver_.at().now, [this, id, text = std::move(text)](std::optional<std::string> lines) {
    logs_.PutIncident(id, With(text, "last_lines", lines.value_or("")));
  });
  return id;
}

}  // namespace fectl::runtime
