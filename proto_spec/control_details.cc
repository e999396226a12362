#include "proto_spec/control_details.h"

#include <limits>

#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::proto {
namespace {

// Writes members one after the other, in the order of the calls.
class Writer {
 public:
  explicit Writer(JsonText* json) : json_(json) {}
  void Text(const char* name, std::string_view text) {
    json_->Key(name);
    json_->String(text);
  }
  void Whole(const char* name, int64_t number) {
    json_->Key(name);
    json_->Integer(number);
  }
  void Real(const char* name, double number) {
    json_->Key(name);
    json_->Number(number);
  }

  void Flag(const char* name, bool set) {
    if (!set) return;
    json_->Key(name);
    json_->Raw("true");
  }

  void operator()(const std::monostate& /*nothing*/) {}
  void operator()(const PlanRequest& plan) {
    if (!plan.id.empty()) Text("id", plan.id);
    if (!plan.file.empty()) Text("file", plan.file);
    Flag("revert", plan.revert);
    Flag("wait", plan.wait);
    if (!plan.service.empty()) Text("service", plan.service);
  }
  void operator()(const RolloutOrder& order) { Text("order", order.order); }
  void operator()(const RolloutView& rollout) { AppendRolloutMembers(rollout, json_); }
  void operator()(const ScaleRequest& scale) {
    if (scale.to != 0) Whole("to", scale.to);
    if (scale.by != 0) Whole("by", scale.by);
    Flag("reset", scale.reset);
  }
  void operator()(const PlanView& plan) { AppendPlanMembers(plan, json_); }
  void operator()(const LeaveWait& wait) {
    Real("leave_wait_s", wait.seconds);
    if (wait.worker > 0) Whole("worker", wait.worker);
  }
  void operator()(const MessageToSend& message) {
    if (message.worker > 0) Whole("worker", message.worker);
    Text("json", message.json);
  }
  void operator()(const WorkerNumber& number) {
    if (number.worker > 0) Whole("worker", number.worker);
  }
  void operator()(const WhyView& why) {
    Text("service", why.service);
    if (why.worker > 0) Whole("worker", why.worker);
    Text("state", why.state);
    Whole("since_at", why.since_at);
    Real("since_s", why.since_s);
    Text("what", why.what);
    Text("because", why.because);
    Text("next", why.next);
    Text("change", why.change);
  }
  void operator()(const SubscriptionId& subscription) { Whole("id", subscription.id); }
  void operator()(const SentCounts& counts) {
    Whole("taken", counts.taken);
    Whole("refused", counts.refused);
  }
  void operator()(const GapRecord& gap) {
    Whole("id", gap.id);
    Whole("lost", gap.lost);
  }
  void operator()(const MessageRecord& message) {
    Whole("id", message.id);
    Text("service", message.service);
    Whole("worker", message.worker);
    Whole("pid", message.pid);
    Text("json", message.json);
  }
  void operator()(const Outcome& outcome) {
    Text("state", outcome.state);
    Text("cause", outcome.cause);
    Whole("num", outcome.num);
    Whole("ready", outcome.ready);
    Whole("replaced", outcome.replaced);
    Whole("still_leaving", outcome.still_leaving);
    Whole("undrained", outcome.undrained);
    Whole("undrained_sigterm", outcome.undrained_sigterm);
    Real("took_s", outcome.took_s);
    if (outcome.exit_code >= 0) Whole("exit_code", outcome.exit_code);
    if (!outcome.rollout.outcome.empty()) {
      json_->Key("rollout");
      json_->BeginObject();
      (*this)(outcome.rollout);
      json_->EndObject();
    }
    if (outcome.lines.empty()) return;
    Text("lines", outcome.lines);
    Whole("lines_of", outcome.lines_of);
  }

 private:
  JsonText* json_;
};

// Reads members of an object. Absent ones keep what they have (C5), unless they are needed.
class Reader {
 public:
  explicit Reader(const JsonTree::Value& object) : object_(object) {}

  bool Text(const char* name, std::string* text, bool needed = false) const {
    const JsonTree::Value* value = Find(name);
    if (value == nullptr) return !needed;
    if (!value->IsString()) return false;
    *text = proto::Text(*value);
    return true;
  }
  template <typename Number>
  bool Whole(const char* name, Number* number, int64_t least, bool needed = false) const {
    const JsonTree::Value* value = Find(name);
    if (value == nullptr) return !needed;
    if (!value->IsInt64() || value->GetInt64() < least) return false;
    if (value->GetInt64() > std::numeric_limits<Number>::max()) return false;
    *number = static_cast<Number>(value->GetInt64());
    return true;
  }
  bool Real(const char* name, double* number, double most) const {
    const JsonTree::Value* value = Find(name);
    if (value == nullptr) return true;
    if (!value->IsNumber() || value->GetDouble() < 0 || value->GetDouble() > most) return false;
    *number = value->GetDouble();
    return true;
  }
  bool Has(const char* name) const { return Find(name) != nullptr; }
  bool Flag(const char* name, bool* set) const {
    const JsonTree::Value* value = Find(name);
    if (value == nullptr) return true;
    if (!value->IsBool()) return false;
    *set = value->GetBool();
    return true;
  }

  bool operator()(std::monostate& /*nothing*/) const { return true; }
  bool operator()(LeaveWait& wait) const {
    return Real("leave_wait_s", &wait.seconds, kLeaveWaitMaxS) && Whole("worker", &wait.worker, 1);
  }
  bool operator()(MessageToSend& message) const {
    return Whole("worker", &message.worker, 1) && Text("json", &message.json, true);
  }
  bool operator()(PlanRequest& plan) const {
    return Text("id", &plan.id) && Text("file", &plan.file) && Flag("revert", &plan.revert) &&
           Flag("wait", &plan.wait) && Text("service", &plan.service);
  }
  bool operator()(ScaleRequest& scale) const {
    return Whole("to", &scale.to, 1) && Whole("by", &scale.by, -kScaleMax) && Flag("reset", &scale.reset) &&
           (scale.to != 0 ? 1 : 0) + (scale.by != 0 ? 1 : 0) + (scale.reset ? 1 : 0) == 1;
  }
  bool operator()(RolloutOrder& order) const { return Text("order", &order.order, true); }
  bool operator()(RolloutView& rollout) const { return ReadRolloutMembers(object_, &rollout); }
  bool operator()(PlanView& plan) const { return ReadPlanMembers(object_, &plan); }
  bool operator()(WorkerNumber& number) const { return Whole("worker", &number.worker, 1); }
  bool operator()(WhyView& why) const {
    return Text("service", &why.service) && Whole("worker", &why.worker, 1) && Text("state", &why.state) &&
           Whole("since_at", &why.since_at, 0) &&
           Real("since_s", &why.since_s, std::numeric_limits<double>::max()) && Text("what", &why.what) &&
           Text("because", &why.because) && Text("next", &why.next) && Text("change", &why.change);
  }
  bool operator()(SubscriptionId& subscription) const { return Whole("id", &subscription.id, 1, true); }
  bool operator()(SentCounts& counts) const {
    return Whole("taken", &counts.taken, 0) && Whole("refused", &counts.refused, 0);
  }
  bool operator()(GapRecord& gap) const {
    return Whole("id", &gap.id, 1, true) && Whole("lost", &gap.lost, 0);
  }
  bool operator()(MessageRecord& message) const {
    return Whole("id", &message.id, 1, true) && Text("service", &message.service) &&
           Whole("worker", &message.worker, 1) && Whole("pid", &message.pid, 0) &&
           Text("json", &message.json, true);
  }
  bool operator()(Outcome& outcome) const {
    return Text("state", &outcome.state) && Text("cause", &outcome.cause) && Whole("num", &outcome.num, 0) &&
           Whole("ready", &outcome.ready, 0) && Whole("replaced", &outcome.replaced, 0) &&
           Whole("still_leaving", &outcome.still_leaving, 0) && Whole("undrained", &outcome.undrained, 0) &&
           Whole("undrained_sigterm", &outcome.undrained_sigterm, 0) &&
           Whole("exit_code", &outcome.exit_code, 0) && Text("lines", &outcome.lines) &&
           Whole("lines_of", &outcome.lines_of, 1) &&
           (!Has("rollout") || ReadRolloutMembers(*Find("rollout"), &outcome.rollout)) &&
           Real("took_s", &outcome.took_s, std::numeric_limits<double>::max());
  }

 private:
  // null is the same as absent.
  const JsonTree::Value* Find(const char* name) const {
    const JsonTree::Value* value = FindMember(object_, name);
    return value == nullptr || value->IsNull() ? nullptr : value;
  }

  const JsonTree::Value& object_;
};

}  // namespace

std::string EncodeRequestDetail(std::string_view service, const RequestDetail& detail) {
  JsonText json;
  json.BeginObject();
  Writer writer(&json);
  // A subscription's number comes first, as in its answers.
  if (const auto* subscription = std::get_if<SubscriptionId>(&detail)) writer(*subscription);
  const bool of_service =
      !std::holds_alternative<SubscriptionId>(detail) && !std::holds_alternative<PlanRequest>(detail);
  if (of_service || !service.empty()) writer.Text("service", service);
  if (!std::holds_alternative<SubscriptionId>(detail)) std::visit(writer, detail);
  json.EndObject();
  return json.Take();
}

bool ReadRequestDetail(std::string_view data, std::string* service, RequestDetail* detail) {
  if (data.empty() || data.front() != '{') return false;
  const JsonTree tree(data);
  const Reader reader(tree.root());
  return (service == nullptr || reader.Text("service", service, true)) && std::visit(reader, *detail);
}

std::string EncodeResponseDetail(std::string_view words, const ResponseDetail& detail) {
  JsonText json;
  json.BeginObject();
  Writer writer(&json);
  // As above; elsewhere the words come first.
  if (std::holds_alternative<SubscriptionId>(detail)) std::visit(writer, detail);
  if (!words.empty()) writer.Text("reason", words);
  if (!std::holds_alternative<SubscriptionId>(detail)) std::visit(writer, detail);
  json.EndObject();
  return json.Take();
}

bool ReadResponseDetail(std::string_view data, std::string* words, ResponseDetail* detail) {
  const bool may_be_missing = std::holds_alternative<Outcome>(*detail);
  if (data.empty() || data.front() != '{') {
    *detail = {};
    return may_be_missing && data.empty();
  }
  const JsonTree tree(data);
  const Reader reader(tree.root());
  if (!reader.Text("reason", words)) return false;
  if (!may_be_missing) return std::visit(reader, *detail);
  if (!std::visit(reader, *detail)) return false;
  if (std::get<Outcome>(*detail).state.empty()) *detail = {};
  return true;
}

}  // namespace fectl::proto
