#include "master/runtime/own_log/event_log.h"

#include <glog/logging.h>

#include <string>
#include <string_view>

#include "proto_spec/base/printable.h"

namespace fectl::runtime {
namespace {

google::LogSeverity SeverityOf(const core::Record& record) {
  switch (record.milestone) {
    case core::Milestone::kFailed:
    case core::Milestone::kAlarm:
    case core::Milestone::kCrashing:
    case core::Milestone::kReloadFailed:
    case core::Milestone::kRestartFailed:
      return google::GLOG_ERROR;
    case core::Milestone::kLost:
    case core::Milestone::kCutShort:
    case core::Milestone::kExamined:
      return google::GLOG_WARNING;
    case core::Milestone::kStopping:
      return record.cause.kind == core::Cause::Kind::kShutdownTimeout ||
                     record.cause.kind == core::Cause::Kind::kTooManyLeaving
                 ? google::GLOG_WARNING
                 : google::GLOG_INFO;
    case core::Milestone::kStarting:
    case core::Milestone::kRunning:
    case core::Milestone::kPaused:
    case core::Milestone::kReloading:
    case core::Milestone::kRestarting:
    case core::Milestone::kStoppingOld:
    case core::Milestone::kStopped:
    case core::Milestone::kReloadGivenUp:
    case core::Milestone::kRestartGivenUp:
    case core::Milestone::kRecovered:
    case core::Milestone::kDone:
      return google::GLOG_INFO;
  }
  return google::GLOG_INFO;
}

}  // namespace

void LogReport(std::string_view service, const core::Report& report, LogOutput* log) {
  const core::Record& record = report.record;
  std::string line = "service ";
  line += service;
  line += " worker(" + std::to_string(report.slot + 1) + ")";
  if (record.pid > 0) line += " pid " + std::to_string(record.pid);
  line += ": ";
  line += core::ToWord(record.milestone);
  // What a worker says gets into the log: no line of it may look like one of ours, or play with a terminal.
  if (const std::string words = core::ToWords(record.cause); !words.empty())
    line += ": " + base::EscapeForTerminal(words);
  log->Say(SeverityOf(record), line);
}

std::string RequestWords(const proto::Request& request) {
  constexpr size_t kNameBytesMax = 64;  // as a service's name
  std::string words(proto::WireWord(request.verb));
  if (proto::TakesService(request.verb))
    words += " " + base::EscapeForTerminal(request.service.substr(0, kNameBytesMax));
  return words;
}

}  // namespace fectl::runtime
