#include "master/sim/trace_policy.h"

#include <cstdint>
#include <map>
#include <string_view>

#include "master/core/basis/limits.h"
#include "master/sim/trace_words.h"

namespace fectl::sim {
namespace {

// " after=db,log"; nothing where there is none.
std::string List(const std::string& key, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? key : ",") + name;
  return list;
}

std::vector<std::string> ReadList(const std::string& text) {
  std::vector<std::string> names;
  for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find(',', begin);
    names.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return names;
}

// "3" or "25%".
std::string ShareText(const core::Share& share) {
  return std::to_string(share.value) + (share.percent ? "%" : "");
}

bool ReadShare(const std::string& text, core::Share* share) {
  share->percent = text.ends_with('%');
  const std::string_view number = std::string_view(text).substr(0, text.size() - (share->percent ? 1 : 0));
  // So that no multiple of it is too large.
  return ReadNumber(number, &share->value) && share->value <= 1000;
}

// The members that are told where they are no default, by their keys.
struct Keys {
  std::map<std::string, uint32_t*> numbers;
  std::map<std::string, core::Span*> spans;
  std::map<std::string, core::Share*> shares;
  std::map<std::string, bool*> flags;
  std::map<std::string, std::vector<std::string>*> lists;
};

Keys KeysOf(core::ServicePolicy& policy) {
  core::RolloutPolicy& rollout = policy.rollout;
  return {.numbers = {{"oldgens", &rollout.max_old_generations}, {"jitter", &policy.recycle.jitter}},
          .spans = {{"lease", &policy.max_lease},
                    {"minready", &rollout.min_ready},
                    {"bake", &rollout.bake},
                    {"progress", &rollout.progress_deadline},
                    {"maxage", &policy.recycle.max_age}},
          .shares = {{"unavailable", &rollout.max_unavailable}, {"canary", &rollout.canary}},
          .flags = {{"autostart", &policy.autostart},
                    {"oneshot", &policy.oneshot},
                    {"promote", &rollout.auto_promote},
                    {"revert", &rollout.auto_revert}},
          .lists = {{"after", &policy.after}, {"require", &policy.require}}};
}

bool ReadUsual(const std::string& key, const std::string& value, core::ServicePolicy* policy) {
  if (key == "num") return ReadNumber(std::string_view(value), &policy->num);
  if (key == "restarts") return ReadNumber(std::string_view(value), &policy->restarts);
  if (key == "surge") return ReadShare(value, &policy->rollout.max_surge);
  if (key == "timeout") return ReadSeconds(value, &policy->timeout.ns);
  if (key == "startup") return ReadSeconds(value, &policy->startup_timeout.ns);
  if (key == "shutdown") return ReadSeconds(value, &policy->shutdown_timeout.ns);
  return false;
}

bool ReadOther(const std::string& key, const std::string& value, core::ServicePolicy* policy) {
  const Keys keys = KeysOf(*policy);
  if (const auto number = keys.numbers.find(key); number != keys.numbers.end())
    return ReadNumber(std::string_view(value), number->second);
  if (const auto span = keys.spans.find(key); span != keys.spans.end())
    return ReadSeconds(value, &span->second->ns);
  if (const auto share = keys.shares.find(key); share != keys.shares.end())
    return ReadShare(value, share->second);
  if (const auto flag = keys.flags.find(key); flag != keys.flags.end()) {
    *flag->second = value == "1";
    return value == "0" || value == "1";
  }
  if (const auto list = keys.lists.find(key); list != keys.lists.end()) {
    *list->second = ReadList(value);
    return true;
  }
  if (key != "roll") return false;
  policy->before_roll = value;
  return true;
}

}  // namespace

std::string PolicyToText(const core::ServicePolicy& policy) {
  std::string text =
      policy.name + " num=" + std::to_string(policy.num) + " restarts=" + std::to_string(policy.restarts) +
      " surge=" + ShareText(policy.rollout.max_surge) + " timeout=" + Seconds(policy.timeout.ns) +
      " startup=" + Seconds(policy.startup_timeout.ns) + " shutdown=" + Seconds(policy.shutdown_timeout.ns) +
      List(" after=", policy.after) + List(" require=", policy.require);
  core::ServicePolicy copy = policy;
  core::ServicePolicy usual;
  const Keys own = KeysOf(copy);
  const Keys others = KeysOf(usual);
  const auto add = [&text](const auto& mine, const auto& defaults, const auto& in_words) {
    for (const auto& [key, value] : mine) {
      if (*value != *defaults.at(key)) text += " " + key + "=" + in_words(*value);
    }
  };
  add(own.flags, others.flags, [](bool flag) { return std::string(flag ? "1" : "0"); });
  if (!policy.before_roll.empty()) text += " roll=" + policy.before_roll;
  add(own.spans, others.spans, [](core::Span span) { return Seconds(span.ns); });
  add(own.shares, others.shares, ShareText);
  add(own.numbers, others.numbers, [](uint32_t number) { return std::to_string(number); });
  return text;
}

std::optional<std::string> ReadPlan(const std::vector<std::string>& words, size_t first, core::Plan* plan) {
  core::ServicePolicy& policy = plan->policy;
  if (words.size() <= first || !IsName(words[first]))
    return "a service has a name of letters, digits, '.', '_' and '-'";
  policy.name = words[first];
  for (size_t i = first + 1; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string key = words[i].substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    const bool good = key == "plan" ? ReadNumber(std::string_view(value), &plan->version)
                                    : ReadUsual(key, value, &policy) || ReadOther(key, value, &policy);
    if (!good) return "what is " + words[i] + "?";
  }
  if (policy.num < 1 || policy.num > 1000) return "num is from 1 to 1000";
  if (policy.recycle.jitter > 1000) return "jitter is from 0 to 1000";
  if (policy.rollout.max_old_generations < 1 || policy.rollout.max_old_generations > core::kLeavingMax)
    return "oldgens is from 1 to " + std::to_string(core::kLeavingMax);
  return std::nullopt;
}

}  // namespace fectl::sim
