#include "master/sim/replay.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/sim/rules/checks.h"
#include "master/sim/rules/marks.h"

namespace fectl::sim {
namespace {

std::string ToText(const core::Effect& effect, const std::vector<std::string>& names) {
  constexpr std::string_view kOrders[] = {"start", "pause", "resume", "stop"};
  constexpr std::string_view kSignals[] = {"TERM", "QUIT", "KILL"};
  constexpr std::string_view kAnswers[] = {"started",       "stopped",         "failed",
                                           "done",          "unknown service", "error starting",
                                           "error running", "error reloading", "error stopping",
                                           "error stopped", "error failed"};
  const auto name = [&names](const core::Incarnation& who) {
    return names[who.service] + "/" + std::to_string(who.slot + 1) + "#" + std::to_string(who.generation);
  };
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    return "spawn " + name(spawn->who) + " of plan " + std::to_string(spawn->plan);
  }
  if (const auto* send = std::get_if<core::Send>(&effect)) {
    return "send " + std::string(kOrders[static_cast<size_t>(send->order)]) + " " + name(send->who);
  }
  if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    return "signal " + std::string(kSignals[static_cast<size_t>(signal->sig)]) + " " + name(signal->who);
  }
  if (const auto* examine = std::get_if<core::Examine>(&effect)) return "examine " + name(examine->who);
  if (const auto* reply = std::get_if<core::Reply>(&effect)) {
    return "reply " + std::to_string(reply->request) + " " +
           std::string(kAnswers[static_cast<size_t>(reply->answer)]) +
           (reply->words.empty() ? "" : ": " + reply->words);
  }
  if (const auto* report = std::get_if<core::Report>(&effect)) {
    const std::string words = core::ToWords(report->record.cause);
    return "report " + names[report->service] + "/" + std::to_string(report->slot + 1) + " " +
           std::string(core::ToWord(report->record.milestone)) + (words.empty() ? "" : ": " + words);
  }
  if (const auto* drop = std::get_if<core::DropPlan>(&effect))
    return "drop plan " + std::to_string(drop->plan);
  if (const auto* forget = std::get_if<core::ForgetService>(&effect))
    return "forget " + names[forget->service];
  return "finish";
}

// "starts are paced (I12): 0/1#2" -> what stands before the details.
std::string Rule(const std::string& broken) {
  return broken.substr(0, broken.find(':'));
}

}  // namespace

std::optional<std::string> Replay(const Trace& trace, std::string* transcript) {
  Marks marks;
  Checks checks(trace.policies, &marks);
  core::Supervisor supervisor(core::FirstPlans(trace.policies), trace.random_seed);
  core::Effects effects;
  const std::vector<std::string> names = trace.Names();
  const auto write = [&] {
    if (transcript == nullptr) return;
    // The conditions of services follow from the records.
    for (const core::Effect& effect : effects) {
      if (!std::holds_alternative<core::ServiceReport>(effect))
        *transcript += "> " + ToText(effect, names) + "\n";
    }
  };
  core::Moment at{trace.begin, 0};
  supervisor.Boot(at, effects);
  checks.After(supervisor, nullptr, at, effects);
  write();
  for (const Trace::Entry& entry : trace.entries) {
    at.now = entry.at;
    effects.clear();
    checks.Before(supervisor, entry.event);
    supervisor.Step(entry.event, at, effects);
    checks.After(supervisor, &entry.event, at, effects);
    if (transcript != nullptr) {
      *transcript += sim::ToText(trace, entry, names) + "\n";
    }
    write();
    if (checks.broken().has_value()) return checks.broken();
  }
  return checks.broken();
}

namespace {

// Whether the same rule is still broken.
bool StillBreaks(const Trace& trace, const std::string& rule) {
  const std::optional<std::string> broken = Replay(trace);
  return broken.has_value() && Rule(*broken) == rule;
}

// The trace without one service: as if it had never been configured.
Trace Without(const Trace& trace, core::ServiceId service) {
  Trace shorter = trace;
  shorter.policies.erase(shorter.policies.begin() + service);
  shorter.entries.clear();
  for (Trace::Entry entry : trace.entries) {
    core::ServiceId* of = nullptr;
    std::visit(
        [&of](auto& e) {
          if constexpr (requires { e.who; }) of = &e.who.service;
          if constexpr (requires { e.service; }) of = &e.service;
        },
        entry.event);
    if (of != nullptr && *of == service) continue;
    if (of != nullptr && *of > service) --*of;
    shorter.entries.push_back(std::move(entry));
  }
  return shorter;
}

}  // namespace

Trace Minimize(Trace trace) {
  const std::optional<std::string> broken = Replay(trace);
  if (!broken.has_value()) return trace;
  const std::string rule = Rule(*broken);
  for (size_t service = trace.policies.size(); service-- > 0 && trace.policies.size() > 1;) {
    Trace shorter = Without(trace, static_cast<core::ServiceId>(service));
    if (StillBreaks(shorter, rule)) trace = std::move(shorter);
  }
  for (size_t piece = std::max<size_t>(1, trace.entries.size() / 2); piece > 0; piece /= 2) {
    for (size_t begin = 0; begin < trace.entries.size();) {
      Trace shorter = trace;
      const auto first = shorter.entries.begin() + static_cast<ptrdiff_t>(begin);
      shorter.entries.erase(first,
                            first + static_cast<ptrdiff_t>(std::min(piece, shorter.entries.size() - begin)));
      if (StillBreaks(shorter, rule)) {
        trace = std::move(shorter);
      } else {
        begin += piece;
      }
    }
  }
  return trace;
}

}  // namespace fectl::sim
