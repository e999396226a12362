// What is found out about workers that hang, and what is kept of those that crash.

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/platform/loop/clock.h"
#include "master/platform/process/core_dump.h"
#include "master/runtime/evidence/crash_place.h"
#include "master/runtime/master.h"
#include "proto_spec/base/utf8.h"
#include "proto_spec/json/json_text.h"

namespace fectl::runtime {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
// What is kept of one incident, as the logger has it.
constexpr size_t kIncidentBytesMax = size_t{256} << 10;
// Exit codes by which a worker says why it ends (proto_spec/worker_protocol.md).
constexpr int kCodesWithMeaningFrom = 98;
constexpr int kCodesWithMeaningTo = 100;

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
std::string KnownOf(const WorkerLink& link, int32_t pid, std::string_view kind, const std::string& service,
                    const core::Cause& cause) {
  proto::JsonText json;
  json.BeginObject();
  json.Key("kind"), json.String(kind);
  json.Key("t"), json.Integer(platform::WallNanos() / kNanosPerMilli);
  json.Key("service"), json.String(service);
  json.Key("worker"), json.Integer(int64_t{link.who().slot} + 1);
  json.Key("gen"), json.Integer(static_cast<int64_t>(link.who().generation));
  json.Key("pid"), json.Integer(pid);
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

// The unasked end of a process, if it may be a crash: by a signal, but for those by which people end
// programs, or with an exit code by which no worker says something.
const core::Report* FindCrash(const core::Exited& exited, const core::Effects& effects) {
  for (const core::Effect& effect : effects) {
    const auto* report = std::get_if<core::Report>(&effect);
    if (report == nullptr || report->generation != exited.who.generation) continue;
    const core::Milestone milestone = report->record.milestone;
    const bool lost = milestone == core::Milestone::kLost || milestone == core::Milestone::kReloadFailed ||
                      milestone == core::Milestone::kRestartFailed;
    const core::Cause& cause = report->record.cause;
    const bool ended = cause.kind == core::Cause::Kind::kSignaled
                           ? cause.number != SIGTERM && cause.number != SIGINT && cause.number != SIGHUP &&
                                 cause.number != SIGQUIT
                           : cause.kind == core::Cause::Kind::kExited && cause.number != 0 &&
                                 (cause.number < kCodesWithMeaningFrom || cause.number > kCodesWithMeaningTo);
    if (lost && ended) return report;
  }
  return nullptr;
}

// What a program of C++ or of Python does that ends with one of them.
bool DumpsCore(int signal) {
  return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
         signal == SIGTRAP || signal == SIGSYS;
}

std::string CoreInWords(const core::Exited& exited, const std::string& directory) {
  if (exited.core_dumped) return platform::WhereCoreIs(platform::CorePattern(), directory);
  return exited.signaled && DumpsCore(exited.number) ? "none: see `ulimit -c`, or LimitCORE= of systemd" : "";
}

}  // namespace

void Master::NoticeCrash(const core::Exited& exited, const core::Effects& effects) {
  const core::Report* const report = FindCrash(exited, effects);
  const WorkerLink* const link = report == nullptr ? nullptr : workers_.Find(exited.who);
  if (link == nullptr || !crashes_.May(exited.who.service, driver_.at().now)) return;
  const auto plan = plans_.find(link->plan());
  const std::string directory = plan == plans_.end() ? "" : plan->second.launch.directory;
  const std::string service = NameOf(exited.who.service);
  const core::Cause& cause = report->record.cause;
  std::string summary = With(KnownOf(*link, report->record.pid, "crash", service, cause), "core",
                             CoreInWords(exited, directory));
  logs_.AskLast(exited.who, driver_.at().now,
                [this, who = exited.who, service, signaled = exited.signaled, why = core::ToWords(cause),
                 summary = std::move(summary)](std::optional<std::string> lines) {
                  const std::string place = CrashPlace(lines.value_or(""));
                  // A program may exit as it likes; an exception that nobody caught leaves its words.
                  const std::string words = signaled || !place.empty() ? why + " " + place : "";
                  if (!crashes_.Keep(who.service, words, driver_.at().now)) return;
                  const uint64_t id = logs_.NewIncident();
                  const std::string text = "{\"summary\":" + With(summary, "where", place) + "}";
                  logs_.PutIncident(id, With(text, "last_lines", base::ToUtf8(lines.value_or(""))));
                  Tell({.type = proto::EventType::kWorkerExamined,
                        .service = service,
                        .texts = {{"why", "worker " + std::to_string(who.slot + 1) + " " +
                                              (place.empty() ? why : place) + " (incident " +
                                              std::to_string(id) + ")"}}});
                });
}

void Master::Do(const core::Examine& effect) {
  const WorkerLink* const link = workers_.Find(effect.who);
  const auto plan = link == nullptr ? plans_.end() : plans_.find(link->plan());
  if (plan == plans_.end() || link->pid() == 0) return Emit(core::Examined{effect.who, ""});
  examiner_.Begin(effect.who, link->pid(), plan->second.launch,
                  KnownOf(*link, link->pid(), "hang", NameOf(effect.who.service), effect.cause),
                  driver_.at().now);
}

uint64_t Master::KeepIncident(const core::Incarnation& who, std::string text) {
  const uint64_t id = logs_.NewIncident();
  logs_.AskLast(who, driver_.at().now, [this, id, text = std::move(text)](std::optional<std::string> lines) {
    logs_.PutIncident(id, With(text, "last_lines", lines.value_or("")));
  });
  return id;
}

}  // namespace fectl::runtime
