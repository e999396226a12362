#include "master/sim/trace.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/sim/trace_policy.h"
#include "master/sim/trace_words.h"

namespace fectl::sim {
namespace {

constexpr std::string_view kVerbs[] = {"start",  "stop",    "reload", "restart", "pause",
                                       "resume", "promote", "hold",   "abort"};

std::string NameOf(core::ServiceId service, const std::vector<std::string>& names) {
  return service < names.size() ? names[service] : "nobody";
}

std::string Who(const core::Incarnation& who, const std::vector<std::string>& names) {
  return NameOf(who.service, names) + "/" + std::to_string(who.slot + 1) + "#" +
         std::to_string(who.generation);
}

class Reader {
 public:
  // nullopt: the line was understood.
  std::optional<std::string> Line(std::string_view line) {
    const std::vector<std::string> words = Split(line);
    if (words.empty() || words[0].starts_with('#') || words[0].starts_with('>')) return std::nullopt;
    if (words[0] == "service") return Service(words);
    if (words[0] == "seed") {
      const bool good = words.size() == 2 && ReadNumber(std::string_view(words[1]), &trace.random_seed);
      return good ? std::nullopt : Wrong("a seed is one number");
    }
    int64_t at = 0;
    if (words.size() < 2 || !ReadSeconds(words[0], &at)) return Wrong("a line begins with a time and a word");
    if (!trace.entries.empty() && core::Instant{at} < trace.entries.back().at)
      return Wrong("time goes backwards");
    core::Event event;
    if (auto error = Event(words, &event); error.has_value()) return error;
    trace.entries.push_back({core::Instant{at}, std::move(event)});
    return std::nullopt;
  }

  Trace trace;

 private:
  static std::optional<std::string> Wrong(std::string_view what) { return std::string(what); }

  std::optional<std::string> Service(const std::vector<std::string>& words) {
    core::Plan plan;
    if (auto error = ReadPlan(words, 1, &plan); error.has_value()) return error;
    names_.push_back(plan.policy.name);
    trace.policies.push_back(std::move(plan.policy));
    return std::nullopt;
  }

  // The newest of that name.
  bool FindService(std::string_view name, core::ServiceId* id) const {
    for (size_t i = names_.size(); i-- > 0;) {
      if (names_[i] != name) continue;
      *id = static_cast<core::ServiceId>(i);
      return true;
    }
    return false;
  }

  // web/1#2
  bool ReadWho(std::string_view text, core::Incarnation* who) const {
    const size_t slash = text.find('/');
    const size_t hash = text.find('#');
    if (slash == std::string_view::npos || hash == std::string_view::npos || hash < slash) return false;
    uint32_t slot = 0;
    if (!FindService(text.substr(0, slash), &who->service)) return false;
    if (!ReadNumber(text.substr(slash + 1, hash - slash - 1), &slot) || slot == 0) return false;
    who->slot = slot - 1;
    return ReadNumber(text.substr(hash + 1), &who->generation);
  }

  // UINT32_MAX where there is none of that name.
  core::ServiceId Named(const std::vector<std::string>& words) const {
    core::ServiceId id = UINT32_MAX;
    if (words.size() < 3 || !FindService(words[2], &id)) id = UINT32_MAX;
    return id;
  }

  std::optional<std::string> Change(const std::vector<std::string>& words, core::Event* event) {
    const std::string& word = words[1];
    if (word == "remove") {
      *event = core::ServiceRemoved{Named(words)};
    } else if (word == "resize") {
      core::ServiceResized resized{.service = Named(words)};
      if (words.size() != 4 || !ReadNumber(std::string_view(words[3]), &resized.num) || resized.num == 0)
        return Wrong("resize has a service and how many workers it shall have");
      *event = resized;
    } else {
      core::Plan plan;
      const core::ServiceId id = Named(words);
      if (auto error = ReadPlan(words, 2, &plan); error.has_value()) return error;
      if (word == "add") names_.push_back(plan.policy.name);
      if (word == "add") *event = core::ServiceAdded{plan};
      if (word == "plan") *event = core::PlanChanged{id, plan};
    }
    return std::nullopt;
  }

  std::optional<std::string> Event(const std::vector<std::string>& words, core::Event* event) {
    const std::string& word = words[1];
    const std::string argument = words.size() > 3 ? words[3] : "";
    if (word == "time") {
      *event = core::TimePassed{};
      return std::nullopt;
    }
    if (word == "room") {
      *event = core::RoomMade{};
      return std::nullopt;
    }
    if (word == "add" || word == "remove" || word == "resize" || word == "plan") return Change(words, event);
    if (word == "stalled") {
      core::Stalled stalled;
      if (words.size() < 3 || !ReadSeconds(words[2], &stalled.length.ns))
        return Wrong("stalled for how long?");
      *event = stalled;
      return std::nullopt;
    }
    if (word == "shutdown") {
      core::ShutdownAsked shutdown{.graceful = words.size() > 2 && words[2] == "graceful"};
      if (words.size() > 3 && !ReadNumber(std::string_view(words[3]), &shutdown.request))
        return Wrong("which request?");
      *event = shutdown;
      return std::nullopt;
    }
    for (size_t verb = 0; verb < std::size(kVerbs); ++verb) {
      if (word != kVerbs[verb]) continue;
      core::Commanded commanded{.verb = static_cast<core::Verb>(verb)};
      if (words.size() < 3 ||
          !ReadNumber(std::string_view(argument.empty() ? "0" : argument), &commanded.request)) {
        return Wrong("a command has a service and the number of its request");
      }
      if (!FindService(words[2], &commanded.service)) commanded.service = UINT32_MAX;
      commanded.alone = IsAdded("alone", words);
      *event = commanded;
      return std::nullopt;
    }
    core::Incarnation who;
    if (words.size() < 3 || !ReadWho(words[2], &who)) return Wrong("a process is named like web/1#1");
    return OfProcess(word, who, argument, words, event);
  }

  // Behind the event, its process and its argument.
  static bool IsAdded(std::string_view word, const std::vector<std::string>& words) {
    return words.size() > 4 && std::find(words.begin() + 4, words.end(), word) != words.end();
  }

  static std::optional<std::string> OfProcess(const std::string& word, const core::Incarnation& who,
                                              const std::string& argument,
                                              const std::vector<std::string>& words, core::Event* event) {
    int32_t number = 0;
    const bool has_number = ReadNumber(std::string_view(argument), &number);
    if (word == "spawned") {
      *event = core::Spawned{who, number};
    } else if (word == "spawn-failed") {
      *event = core::SpawnFailed{
          who, argument,
          IsAdded("transient", words) ? core::StartFailure::kTransient : core::StartFailure::kPermanent};
    } else if (word == "loaded") {
      *event = core::WorkerLoaded{who};
    } else if (word == "beat") {
      *event = core::WorkerBeat{who};
    } else if (word == "begins-message") {
      *event = core::WorkerBeganMessage{who};
    } else if (word == "leases") {
      core::WorkerLeased leased;
      leased.who = who;
      const bool read = ReadSeconds(argument, &leased.length.ns) && words.size() > 4 &&
                        ReadNumber(std::string_view(words[4]), &leased.progress);
      if (!read) return Wrong("a lease has a length, a progress, and perhaps words");
      if (words.size() > 5) leased.words = words[5];
      *event = leased;
    } else if (word == "asks-reload" || word == "asks-restart") {
      *event = core::WorkerAsked{
          who, word == "asks-reload" ? core::Urgency::kReload : core::Urgency::kRestart, false, argument};
    } else if (word == "leaves") {
      *event = core::WorkerAsked{who, core::Urgency::kReload, true, argument};
    } else if (word == "cfgerror") {
      *event = core::WorkerConfigError{who, argument};
    } else if (word == "violated") {
      *event = core::WorkerViolated{who, argument};
    } else if (word == "closed") {
      *event = core::ChannelClosed{who};
    } else if ((word == "exited" || word == "killed") && has_number) {
      *event = core::Exited{.who = who,
                            .signaled = word == "killed",
                            .number = number,
                            .core_dumped = IsAdded("core", words),
                            .out_of_memory = IsAdded("out-of-memory", words),
                            .inside_message = IsAdded("inside-message", words),
                            .group_left = IsAdded("group-left", words)};
    } else if (word == "examined") {
      *event = core::Examined{who, argument};
    } else if (word == "worn-out") {
      *event = core::WorkerWornOut{who, argument};
    } else if (word == "disproved") {
      *event = core::WorkerDisproved{who, argument};
    } else if (word == "group-ended") {
      *event = core::GroupEnded{who};
    } else {
      return Wrong("what is " + word + "?");
    }
    return std::nullopt;
  }

  std::vector<std::string> names_;  // of services, by number
};

}  // namespace

std::vector<std::string> Trace::Names() const {
  std::vector<std::string> names;
  for (const core::ServicePolicy& policy : policies) names.push_back(policy.name);
  for (const Entry& entry : entries) {
    if (const auto* added = std::get_if<core::ServiceAdded>(&entry.event))
      names.push_back(added->plan.policy.name);
  }
  return names;
}

namespace {

std::string Behind(const std::string& words) {
  return words.empty() ? "" : " " + Quoted(words);
}

std::string Of(const std::string& what, const std::string& name, const std::string& words) {
  return what + " " + name + " " + Quoted(words);
}

std::string LeaseText(const core::WorkerLeased& e, const std::string& name) {
  return "leases " + name + " " + Seconds(e.length.ns) + " " + std::to_string(e.progress) + Behind(e.words);
}

}  // namespace

std::string ToText(const Trace& trace, const Trace::Entry& entry, const std::vector<std::string>& names) {
  const auto who = [&](const core::Incarnation& w) { return Who(w, names); };
  struct Text {
    decltype(who) name;
    const std::vector<std::string>& names;
    std::string operator()(const core::Spawned& e) {
      return "spawned " + name(e.who) + " " + std::to_string(e.pid);
    }
    std::string operator()(const core::SpawnFailed& e) {
      return "spawn-failed " + name(e.who) + " " + Quoted(e.words) +
             (e.failure == core::StartFailure::kTransient ? " transient" : "");
    }
    std::string operator()(const core::WorkerLoaded& e) { return "loaded " + name(e.who); }
    std::string operator()(const core::WorkerBeat& e) { return "beat " + name(e.who); }
    std::string operator()(const core::WorkerBeganMessage& e) { return "begins-message " + name(e.who); }
    std::string operator()(const core::WorkerLeased& e) { return LeaseText(e, name(e.who)); }
    std::string operator()(const core::WorkerAsked& e) {
      const std::string word = e.leaves                              ? "leaves "
                               : e.urgency == core::Urgency::kReload ? "asks-reload "
                                                                     : "asks-restart ";
      return word + name(e.who) + Behind(e.words);
    }
    std::string operator()(const core::WorkerConfigError& e) { return Of("cfgerror", name(e.who), e.words); }
    std::string operator()(const core::WorkerViolated& e) { return Of("violated", name(e.who), e.words); }
    std::string operator()(const core::ChannelClosed& e) { return "closed " + name(e.who); }
    std::string operator()(const core::Examined& e) { return "examined " + name(e.who) + Behind(e.words); }
    std::string operator()(const core::Exited& e) {
      return (e.signaled ? "killed " : "exited ") + name(e.who) + " " + std::to_string(e.number) +
             (e.core_dumped ? " core" : "") + (e.out_of_memory ? " out-of-memory" : "") +
             (e.inside_message ? " inside-message" : "") + (e.group_left ? " group-left" : "");
    }
    std::string operator()(const core::WorkerWornOut& e) { return Of("worn-out", name(e.who), e.words); }
    std::string operator()(const core::WorkerDisproved& e) { return Of("disproved", name(e.who), e.words); }
    std::string operator()(const core::GroupEnded& e) { return "group-ended " + name(e.who); }
    std::string operator()(const core::Commanded& e) {
      return std::string(kVerbs[static_cast<size_t>(e.verb)]) + " " + NameOf(e.service, names) + " " +
             std::to_string(e.request) + (e.alone ? " alone" : "");
    }
    std::string operator()(const core::ServiceAdded& e) {
      return "add " + PolicyToText(e.plan.policy) + " plan=" + std::to_string(e.plan.version);
    }
    std::string operator()(const core::ServiceRemoved& e) { return "remove " + NameOf(e.service, names); }
    std::string operator()(const core::ServiceResized& e) {
      return "resize " + NameOf(e.service, names) + " " + std::to_string(e.num);
    }
    std::string operator()(const core::PlanChanged& e) {
      return "plan " + PolicyToText(e.plan.policy) + " plan=" + std::to_string(e.plan.version);
    }
    std::string operator()(const core::ShutdownAsked& e) {
      return std::string("shutdown ") + (e.graceful ? "graceful " : "quick ") + std::to_string(e.request);
    }
    std::string operator()(const core::TimePassed&) { return "time passes"; }
    std::string operator()(const core::RoomMade&) { return "room made"; }
    std::string operator()(const core::Stalled& e) { return "stalled " + Seconds(e.length.ns); }
  };
  return Seconds((entry.at - trace.begin).ns) + " " + std::visit(Text{who, names}, entry.event);
}

std::string ToText(const Trace& trace) {
  std::string text;
  for (const core::ServicePolicy& policy : trace.policies) {
    text += "service " + PolicyToText(policy) + "\n";
  }
  text += "seed " + std::to_string(trace.random_seed) + "\n";
  const std::vector<std::string> names = trace.Names();
  for (const Trace::Entry& entry : trace.entries) {
    text += ToText(trace, entry, names) + "\n";
  }
  return text;
}

ParsedTrace ParseTrace(std::string_view text) {
  Reader reader;
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    ++number;
    if (const auto error = reader.Line(text.substr(0, end)); error.has_value()) {
      return {{}, "line " + std::to_string(number) + ": " + *error};
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return {std::move(reader.trace), std::nullopt};
}

}  // namespace fectl::sim
