#include "client/http/readiness.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "proto_spec/json/json_text.h"

namespace fectl::http {
namespace {

constexpr int kNumberMax = 10'000;  // as many workers as a service can have

struct Shortfall {
  std::string service{};
  std::string state{};
  int ready = 0;
  int wanted = 0;
  std::string reason{};
};

int Needed(int num, const Missing& missing) {
  const int may_miss = missing.is_percent ? num * missing.number / 100 : missing.number;
  return std::max(1, num - may_miss);
}

bool Serves(const proto::ServiceView& service, const Missing& missing) {
  if (service.type == "oneshot") return service.state == "done";
  return service.ready >= Needed(service.num, missing);
}

std::string ReasonOf(const proto::ServiceView& service, const Missing& missing) {
  std::string reason = service.name + " is " + service.state;
  if (service.type == "oneshot") return reason + ", not done";
  reason += ": " + std::to_string(service.ready) + " of " + std::to_string(service.num) + " workers serve";
  const int needed = Needed(service.num, missing);
  if (needed != service.num) reason += ", " + std::to_string(needed) + " must";
  if (!service.cause.empty()) reason += " (" + service.cause + ")";
  return reason;
}

Shortfall Of(const proto::ServiceView& service, const Missing& missing) {
  return {service.name, service.state, service.ready, service.num, ReasonOf(service, missing)};
}

std::string Text(const std::vector<Shortfall>& shortfalls) {
  proto::JsonText json;
  json.BeginObject();
  json.Key("ready"), json.Raw(shortfalls.empty() ? "true" : "false");
  json.Key("reasons"), json.BeginArray();
  for (const Shortfall& one : shortfalls) {
    json.BeginObject();
    if (!one.service.empty()) {
      json.Key("service"), json.String(one.service);
      json.Key("state"), json.String(one.state);
      json.Key("ready"), json.Integer(one.ready);
      json.Key("wanted"), json.Integer(one.wanted);
    }
    json.Key("reason"), json.String(one.reason);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

Readiness Verdict(const std::vector<Shortfall>& shortfalls) {
  return {.known = true, .ready = shortfalls.empty(), .json = Text(shortfalls)};
}

const proto::ServiceView* Find(const proto::MasterView& view, std::string_view name) {
  const auto found = std::find_if(view.services.begin(), view.services.end(),
                                  [&](const proto::ServiceView& one) { return one.name == name; });
  return found == view.services.end() ? nullptr : &*found;
}

// Neither was asked to serve now.
bool IsAside(const proto::ServiceView& service) {
  return service.type == "oneshot" || service.state == "stopped";
}

}  // namespace

absl::StatusOr<Missing> ParseMissing(std::string_view text) {
  Missing missing;
  std::string_view digits = text;
  missing.is_percent = digits.ends_with('%');
  if (missing.is_percent) digits.remove_suffix(1);
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, missing.number);
  const int most = missing.is_percent ? 100 : kNumberMax;
  if (digits.empty() || stop != end || error != std::errc() || missing.number < 0 || missing.number > most) {
    return absl::InvalidArgumentError(
        "takes a number of workers from 0 to 10000, or a share like 25%, not \"" + std::string(text) + "\"");
  }
  return missing;
}

Readiness ReadinessOf(const proto::MasterView& view, const ReadinessRule& rule, std::string_view only) {
  std::vector<Shortfall> shortfalls;
  if (!only.empty()) {
    const proto::ServiceView* const service = Find(view, only);
    if (service == nullptr) {
      Readiness unknown = NotReady("there is no service " + std::string(only));
      unknown.known = false;
      return unknown;
    }
    if (!Serves(*service, rule.missing)) shortfalls.push_back(Of(*service, rule.missing));
    return Verdict(shortfalls);
  }
  for (const std::string& name : rule.essential) {
    const proto::ServiceView* const service = Find(view, name);
    if (service == nullptr) {
      shortfalls.push_back({.reason = "there is no service " + name});
    } else if (!Serves(*service, rule.missing)) {
      shortfalls.push_back(Of(*service, rule.missing));
    }
  }
  if (!rule.essential.empty()) return Verdict(shortfalls);
  bool any = false;
  for (const proto::ServiceView& service : view.services) {
    if (IsAside(service)) continue;
    any = true;
    if (!Serves(service, rule.missing)) shortfalls.push_back(Of(service, rule.missing));
  }
  if (!any) shortfalls.push_back({.reason = "no service runs"});
  return Verdict(shortfalls);
}

Readiness NotReady(std::string_view reason) {
  return Verdict({{.reason = std::string(reason)}});
}

}  // namespace fectl::http
