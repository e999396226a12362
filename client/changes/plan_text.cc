#include "client/changes/plan_text.h"

#include <algorithm>
#include <string_view>

#include "client/text/terminal_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/json/json_text.h"

namespace fectl::client {
namespace {

std::string_view Sign(const proto::ChangeView& change) {
  if (change.kind == "add") return "+";
  if (change.kind == "remove") return "-";
  return change.kind == "restart" ? "!" : "~";
}

Colour ColourOf(const proto::ChangeView& change) {
  if (change.kind == "add") return Colour::kGreen;
  return change.kind == "remove" || change.kind == "restart" ? Colour::kRed : Colour::kYellow;
}

std::string Words(const proto::ChangeView& change) {
  std::string words = change.words;
  for (size_t i = 0; i < change.rolls.size(); ++i)
    words += (i > 0 ? ", " : words.empty() ? "rolls " : "; rolls ") + change.rolls[i];
  return words;
}

std::string KeyText(const proto::KeyChangeView& key) {
  if (key.before.empty() && key.after.empty()) return key.key;
  const auto shown = [](const std::string& value) { return value.empty() ? "(not set)" : value; };
  return key.key + ": " + shown(key.before) + " -> " + shown(key.after);
}

}  // namespace

std::string PlanText(const proto::PlanView& plan, bool colours_on) {
  const std::string file =
      plan.file.empty() ? "what ran before the last apply" : base::EscapeForTerminal(plan.file);
  const std::string against = plan.outcome.empty() ? ", against version " : ", as version ";
  std::string out = file + against + std::to_string(plan.version) + "\n";
  size_t width = 0;
  for (const proto::ChangeView& change : plan.changes)
    width = std::max(width, change.section.size() + change.name.size() + 1);
  for (const proto::ChangeView& change : plan.changes) {
    std::string what = change.section + (change.name.empty() ? "" : " " + change.name);
    what.resize(std::max(width, what.size()), ' ');
    std::string kind = change.kind;
    kind.resize(std::max<size_t>(7, kind.size()), ' ');
    std::string line = "  " + std::string(Sign(change)) + " " + base::EscapeForTerminal(what) + "  " +
                       Paint(base::EscapeForTerminal(kind), ColourOf(change), colours_on);
    if (const std::string words = Words(change); !words.empty())
      line += "  " + base::EscapeForTerminal(words);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    for (const proto::KeyChangeView& key : change.keys)
      out += "      " + base::EscapeForTerminal(KeyText(key)) + "\n";
  }
  if (plan.changes.empty()) return out + "nothing to do\n";
  if (plan.untouched > 0) out += "  = " + std::to_string(plan.untouched) + " untouched\n";
  return out;
}

std::string PlanJson(const proto::PlanView& plan, int exit_code) {
  proto::JsonText json;
  json.BeginObject();
  json.Key("ok");
  json.Raw(exit_code == 0 || exit_code == 5 ? "true" : "false");
  json.Key("exit_code");
  json.Integer(exit_code);
  proto::AppendPlanMembers(plan, &json);
  json.EndObject();
  return base::EscapeJsonForTerminal(json.Take()) + "\n";
}

}  // namespace fectl::client
