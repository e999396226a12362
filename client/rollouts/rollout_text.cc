#include "client/rollouts/rollout_text.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "client/text/last_lines.h"
#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/message.h"

namespace fectl::client {
namespace {

using proto::RolledWorkerView;
using proto::RolloutView;

std::string Spoken(double seconds) {
  return SpokenDuration(static_cast<int64_t>(seconds * 1000 + 0.5));
}

// "worker 3", "workers 1-4, 6".
std::string Numbers(const std::vector<const RolledWorkerView*>& workers) {
  std::string text = workers.size() == 1 ? "worker " : "workers ";
  for (size_t i = 0; i < workers.size();) {
    size_t last = i;
    while (last + 1 < workers.size() && workers[last + 1]->worker == workers[last]->worker + 1) ++last;
    if (i > 0) text += ", ";
    text += std::to_string(workers[i]->worker);
    if (last > i) text += (last == i + 1 ? ", " : "-") + std::to_string(workers[last]->worker);
    i = last + 1;
  }
  return text;
}

// "1.2 s", "1.2 s to 3 s".
template <typename Of, typename Text>
std::string Range(const std::vector<const RolledWorkerView*>& workers, Of of, Text text) {
  const auto [least, most] = std::ranges::minmax_element(workers, {}, of);
  const std::string low = text(of(*least));
  const std::string high = text(of(*most));
  return low == high ? low : low + " to " + high;
}

std::string Memory(int64_t bytes) {
  return std::to_string((bytes + (1 << 19)) >> 20) + " MiB";
}

std::string Loaded(const std::vector<const RolledWorkerView*>& workers) {
  std::string text = "  " + Numbers(workers) + " loaded in " +
                     Range(
                         workers, [](const auto* w) { return w->load_s; }, Spoken);
  std::vector<const RolledWorkerView*> measured;
  std::ranges::copy_if(workers, std::back_inserter(measured), [](const auto* w) { return w->rss > 0; });
  if (!measured.empty())
    text += ", " + Range(
                       measured, [](const auto* w) { return w->rss; }, Memory);
  std::erase_if(measured, [](const auto* w) { return w->old_rss == 0; });
  if (!measured.empty())
    text += " (before: " +
            Range(
                measured, [](const auto* w) { return w->old_rss; }, Memory) +
            ")";
  return text + "\n";
}

std::string Lost(const RolledWorkerView& worker) {
  std::string text = "  worker " + std::to_string(worker.worker);
  if (worker.pid != 0) text += " (pid " + std::to_string(worker.pid) + ")";
  text += " " + base::EscapeForTerminal(worker.end);
  text +=
      worker.load_s > 0 ? ", " + Spoken(worker.served_s) + " after it was loaded" : ", before it was loaded";
  return text + "\n";
}

std::string StageText(const RolloutView& rollout) {
  const std::string left = rollout.left_s > 0 ? ", " + Spoken(rollout.left_s) + " left" : "";
  if (rollout.stage == "loading") return "new workers are loading";
  if (rollout.stage == "watched") return "new workers serve and are watched, the old ones are kept" + left;
  if (rollout.stage == "held") return "new workers serve, the old ones are kept; it waits to be promoted";
  if (rollout.stage == "baking") return "all new workers serve, the old ones are kept" + left;
  return base::EscapeForTerminal(rollout.stage);
}

}  // namespace

std::string VerdictText(const RolloutView& rollout, std::string_view lines) {
  std::vector<const RolledWorkerView*> loaded;
  std::string text;
  for (const RolledWorkerView& worker : rollout.workers) {
    if (!worker.end.empty()) {
      text += Lost(worker);
      text += LastLinesText(lines);
      lines = {};
    } else if (worker.load_s > 0) {
      loaded.push_back(&worker);
    }
  }
  if (text.empty()) text += LastLinesText(lines);
  std::ranges::sort(loaded, {}, [](const auto* w) { return w->worker; });
  if (!loaded.empty()) text += Loaded(loaded);
  return text;
}

std::string RolloutText(std::string_view service, const RolloutView& rollout) {
  const std::string name = base::EscapeForTerminal(service);
  if (rollout.outcome.empty()) return name + ": no rollout since fectld was started\n";
  std::string text = name + ": ";
  if (rollout.outcome == "under way") {
    text += "a rollout is under way: " + std::to_string(rollout.new_workers) + " of " +
            std::to_string(rollout.num) + ", " + StageText(rollout) + " (" + Spoken(rollout.took_s) +
            " so far)";
  } else {
    text += "the newest rollout: " + base::EscapeForTerminal(rollout.outcome) + " after " +
            Spoken(rollout.took_s);
    if (rollout.back_s > 0) text += ", back in " + Spoken(rollout.back_s);
  }
  if (!rollout.words.empty()) text += ": " + base::EscapeForTerminal(rollout.words);
  return text + "\n" + VerdictText(rollout, "");
}

std::string RolloutMembers(const RolloutView& rollout) {
  proto::JsonText json;
  json.BeginObject();
  AppendRolloutMembers(rollout, &json);
  json.EndObject();
  const std::string object = json.Take();
  return object.substr(1, object.size() - 2);
}

std::string RolloutJson(std::string_view service, const RolloutView& rollout) {
  return base::EscapeJsonForTerminal("{\"service\":" + proto::JsonString(service) + "," +
                                     RolloutMembers(rollout) + "}") +
         "\n";
}

}  // namespace fectl::client
