#include "master/events/record.h"

#include <limits>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "proto_spec/base/signal_name.h"
#include "proto_spec/json/json_text.h"

namespace fectl::events {
namespace {

using core::Cause;
using core::Milestone;
using proto::EventType;

std::string InHex(uint16_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(number >> shift) & 15];
  return text;
}

// One record: the members come in the order of the calls, and `data` is there where it has members.
class Writer {
 public:
  Writer(const Head& head, EventType type) {
    json_.BeginObject();
    Number("seq", static_cast<int64_t>(head.number & std::numeric_limits<int64_t>::max()));
    Text("boot", InHex(head.boot));
    Number("t", head.t_ms);
    Text("type", proto::RowOf(type).name);
  }

  void Text(std::string_view name, std::string_view text) {
    json_.Key(name);
    json_.String(text);
  }
  void Number(std::string_view name, int64_t number) {
    json_.Key(name);
    json_.Integer(number);
  }

  void Data(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    BeginData();
    Text(name, text);
  }
  void Data(std::string_view name, int64_t number) {
    BeginData();
    Number(name, number);
  }
  void Flag(std::string_view name, bool set) {
    BeginData();
    json_.Key(name);
    json_.Raw(set ? "true" : "false");
  }

  std::string Take() {
    if (has_data_) json_.EndObject();
    json_.EndObject();
    return json_.Take();
  }

 private:
  void BeginData() {
    if (has_data_) return;
    json_.Key("data");
    json_.BeginObject();
    has_data_ = true;
  }

  proto::JsonText json_;
  bool has_data_ = false;
};

bool IsEnd(Milestone milestone) {
  return milestone == Milestone::kStopped || milestone == Milestone::kLost ||
         milestone == Milestone::kCutShort;
}

void WriteEnd(const core::Record& record, Writer* writer) {
  // A slot that was waiting is told to stop without a process.
  writer->Flag("expected", record.milestone != Milestone::kLost);
  if (record.cause.kind == Cause::Kind::kExited) writer->Data("code", record.cause.number);
  if (record.cause.kind == Cause::Kind::kSignaled)
    writer->Data("signal", base::SignalName(record.cause.number));
  if (record.milestone == Milestone::kCutShort) writer->Flag("cut_short", true);
}

std::string_view HowReplaced(Milestone milestone) {
  switch (milestone) {
    case Milestone::kReloading:
    case Milestone::kReloadFailed:
    case Milestone::kReloadGivenUp:
      return "reload";
    case Milestone::kRestarting:
    case Milestone::kRestartFailed:
    case Milestone::kRestartGivenUp:
      return "restart";
    default:
      return "";
  }
}

}  // namespace

EventType TypeOf(const core::Record& record) {
  switch (record.milestone) {
    case Milestone::kStarting:
      return EventType::kWorkerStarted;
    case Milestone::kRunning:
      return EventType::kWorkerReady;
    case Milestone::kPaused:
      return EventType::kWorkerPaused;
    case Milestone::kReloading:
    case Milestone::kRestarting:
      return EventType::kWorkerReplacing;
    case Milestone::kReloadFailed:
    case Milestone::kRestartFailed:
      return EventType::kWorkerReplaceFailed;
    case Milestone::kReloadGivenUp:
    case Milestone::kRestartGivenUp:
      return EventType::kWorkerReplaceGivenUp;
    case Milestone::kStoppingOld:
      return EventType::kWorkerReplaced;
    case Milestone::kStopping:
      return EventType::kWorkerStopping;
    case Milestone::kStopped:
    case Milestone::kCutShort:
      return EventType::kWorkerExited;
    case Milestone::kLost:
      return record.cause.kind == Cause::Kind::kHeartbeatTimeout ||
                     record.cause.kind == Cause::Kind::kStartupTimeout
                 ? EventType::kWorkerHung
                 : EventType::kWorkerLost;
    case Milestone::kFailed:
      return EventType::kWorkerFailed;
    case Milestone::kAlarm:
      return EventType::kWorkerUnkillable;
    case Milestone::kCrashing:
      return EventType::kWorkerCrashing;
    case Milestone::kRecovered:
      return EventType::kWorkerRecovered;
    case Milestone::kDone:
      return EventType::kWorkerDone;
    case Milestone::kExamined:
      return EventType::kWorkerExamined;
  }
  return EventType::kWorkerLost;
}

EventType TypeOf(const core::ServiceReport& report) {
  using What = core::ServiceReport::What;
  switch (report.what) {
    case What::kAdded:
      return EventType::kServiceAdded;
    case What::kRemoved:
      return EventType::kServiceRemoved;
    case What::kResized:
      return EventType::kScaleChanged;
    case What::kRollBegan:
      return EventType::kRolloutStarted;
    case What::kRollDone:
      return EventType::kRolloutDone;
    case What::kRollFailed:
      return EventType::kRolloutFailed;
    case What::kRollProceeds:
      return EventType::kRolloutCommitted;
    case What::kRollReverted:
      return EventType::kRolloutReverted;
    case What::kRollAborted:
      return EventType::kRolloutAborted;
    case What::kCondition:
      break;
  }
  // The type of a condition is its word; of one that runs it says what people wait for.
  const std::string word(report.condition == "running" ? "ready" : report.condition);
  const proto::EventTypeRow* row = proto::FindEventType("service." + word);
  return row == nullptr ? EventType::kServiceFailed : row->type;
}

std::string RecordOf(const Head& head, std::string_view service, const core::Report& report) {
  const core::Record& record = report.record;
  const EventType type = TypeOf(record);
  Writer writer(head, type);
  writer.Text("service", service);
  writer.Number("worker", int64_t{report.slot} + 1);
  if (report.generation != 0) writer.Number("gen", static_cast<int64_t>(report.generation));
  if (record.pid != 0) writer.Number("pid", record.pid);
  if (type != EventType::kWorkerRecovered) writer.Data("why", core::ToWords(record.cause));
  writer.Data("how", HowReplaced(record.milestone));
  if (IsEnd(record.milestone) && type != EventType::kWorkerHung) WriteEnd(record, &writer);
  return writer.Take();
}

std::string RecordOf(const Head& head, std::string_view service, const core::ServiceReport& report) {
  using What = core::ServiceReport::What;
  Writer writer(head, TypeOf(report));
  writer.Text("service", service);
  writer.Data("why", report.words);
  if (report.what == What::kCondition || report.what == What::kAdded || report.what == What::kResized)
    writer.Data("num", report.num);
  if (report.what == What::kResized) writer.Data("before", report.num_before);
  return writer.Take();
}

std::string RecordOf(const Head& head, const Fact& fact) {
  Writer writer(head, fact.type);
  if (!fact.service.empty()) writer.Text("service", fact.service);
  for (const auto& [name, text] : fact.texts) writer.Data(name, text);
  for (const auto& [name, number] : fact.numbers) writer.Data(name, number);
  return writer.Take();
}

}  // namespace fectl::events
