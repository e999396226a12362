#include "client/json_text.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "client/rollouts/rollout_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/message.h"

namespace fectl::client {
namespace {

std::string String(std::string_view text) {
  return proto::JsonString(text);
}

std::string Bool(bool value) {
  return value ? "true" : "false";
}

std::string Seconds(int64_t milliseconds) {
  char text[32];
  snprintf(text, sizeof text, "%.3f", static_cast<double>(milliseconds) / 1000);
  return text;
}

// A pid comes as text, and is a number for programs; what is no number stays text.
std::string Pid(std::string_view pid) {
  const bool number = !pid.empty() && pid.size() < 11 && pid[0] != '0' &&
                      std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; });
  return number ? std::string(pid) : String(pid);
}

std::string OldWorkersMembers(const std::optional<OldWorkers>& old) {
  if (!old.has_value()) return "";
  const std::string replaced =
      old->replaced.has_value() ? ",\"replaced\":" + std::to_string(*old->replaced) : "";
  return replaced + ",\"still_leaving\":" + std::to_string(old->leaving) +
         ",\"undrained\":" + std::to_string(old->undrained) +
         ",\"undrained_sigterm\":" + std::to_string(old->undrained_sigterm);
}

std::string RolloutMember(const OperationResult& result) {
  return result.rollout.outcome.empty() ? "" : ",\"rollout\":{" + RolloutMembers(result.rollout) + "}";
}

// Only where there are some.
std::string LinesMembers(const OperationResult& result) {
  if (result.lines.empty()) return "";
  return ",\"lines\":" + String(result.lines) + ",\"lines_of\":" + std::to_string(result.lines_of);
}

std::string Line(const std::string& json) {
  return base::EscapeJsonForTerminal(json) + "\n";
}

}  // namespace

std::string ErrorJson(int exit_code, std::string_view reason) {
  return Line("{\"ok\":false,\"exit_code\":" + std::to_string(exit_code) + ",\"reason\":" + String(reason) +
              "}");
}

std::string CheckJson(const std::vector<CheckedService>& services) {
  std::string out;
  for (const CheckedService& one : services) {
    out += (out.empty() ? "" : ",") + ("{\"service\":" + String(one.service)) +
           ",\"ok\":" + Bool(one.wrong.empty()) + ",\"state\":" + String(one.state) +
           ",\"reason\":" + (one.wrong.empty() ? "null" : String(one.wrong)) + "}";
  }
  return Line("[" + out + "]");
}

std::string OperationsJson(const std::vector<OperationResult>& results) {
  std::string out;
  for (const OperationResult& result : results) {
    out += (out.empty() ? "" : ",") + ("{\"service\":" + String(result.service)) +
           ",\"ok\":" + Bool(result.ok) +
           ",\"answer\":" + (result.answer.empty() ? "null" : String(result.answer)) +
           ",\"reason\":" + (result.reason.empty() ? "null" : String(result.reason)) +
           ",\"seconds\":" + Seconds(result.took_ms) + OldWorkersMembers(result.old_workers) +
           LinesMembers(result) + RolloutMember(result) + "}";
  }
  return Line("[" + out + "]");
}

std::string PidsJson(std::string_view service, const std::vector<std::string>& pids) {
  std::string out;
  for (const std::string& pid : pids) out += (out.empty() ? "" : ",") + Pid(pid);
  return Line("{\"service\":" + String(service) + ",\"pids\":[" + out + "]}");
}

std::string SentJson(std::string_view service, int taken, int refused) {
  return Line("{\"service\":" + String(service) + ",\"ok\":" + Bool(refused == 0) +
              ",\"taken\":" + std::to_string(taken) + ",\"refused\":" + std::to_string(refused) + "}");
}

std::string MessageJson(const proto::MessageRecord& record) {
  // In JSON these characters stand between values only; inside a string they are escaped.
  std::string message = record.json;
  std::ranges::replace_if(
      message, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  if (!proto::ValidJson(message)) message = String(record.json);
  return Line("{\"service\":" + String(record.service) + ",\"worker\":" + std::to_string(record.worker) +
              ",\"pid\":" + std::to_string(record.pid) + ",\"message\":" + message + "}");
}

std::string LostJson(std::string_view service, int64_t lost) {
  return Line("{\"service\":" + String(service) + ",\"lost\":" + std::to_string(lost) + "}");
}

std::string SteeredJson(std::string_view service, std::string_view order) {
  return Line("{\"service\":" + String(service) + ",\"ok\":true,\"order\":" + String(order) + "}");
}

std::string ScaledJson(std::string_view service, int num, int ready) {
  return Line("{\"service\":" + String(service) + ",\"ok\":true,\"num\":" + std::to_string(num) +
              ",\"ready\":" + std::to_string(ready) + "}");
}

std::string RunJson(std::string_view service, int exit_code, std::string_view reason) {
  return Line("{\"service\":" + String(service) + ",\"ok\":" + Bool(exit_code == 0) + ",\"exit_code\":" +
              std::to_string(exit_code) + ",\"reason\":" + (reason.empty() ? "null" : String(reason)) + "}");
}

std::string PidJson(std::string_view pid) {
  return Line("{\"pid\":" + Pid(pid) + "}");
}

std::string VersionJson(std::string_view version) {
  return Line("{\"version\":" + String(version) + "}");
}

std::string VersionCheckJson(std::string_view client, std::string_view server) {
  return Line("{\"client\":" + String(client) + ",\"server\":" + String(server) +
              ",\"match\":" + Bool(client == server) + "}");
}

std::string DoneJson(int64_t took_ms) {
  return Line("{\"ok\":true,\"seconds\":" + Seconds(took_ms) + "}");
}

std::string ServingJson(std::string_view url, std::string_view kind, std::string_view sock, int64_t pid) {
  return Line("{\"ok\":true,\"url\":" + String(url) + ",\"application\":" + String(kind) +
              ",\"sock\":" + String(sock) + ",\"pid\":" + std::to_string(pid) + "}");
}

std::string InitJson(std::string_view file, std::string_view found, const std::vector<std::string>& others) {
  std::string names;
  for (const std::string& other : others) names += (names.empty() ? "" : ",") + String(other);
  return Line("{\"ok\":true,\"file\":" + String(file) + ",\"found\":" + String(found) + ",\"others\":[" +
              names + "]}");
}

std::string ViewJson(const std::string& json) {
  return Line(json);
}

}  // namespace fectl::client
