#include "master/sim/rules/marks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"

namespace fectl::sim {
namespace {

using CauseKind = core::Cause::Kind;
using core::Milestone;

constexpr std::array<std::string_view, 8> kSlotWords = {"vacant",    "waiting",  "starting", "serving",
                                                        "replacing", "given-up", "done",     "baking"};
constexpr std::array<std::string_view, 11> kAnswerWords = {
    "started",        "stopped",       "failed",          "done",           "error-unknown-service",
    "error-starting", "error-running", "error-reloading", "error-stopping", "error-stopped",
    "error-failed"};
constexpr std::array<std::string_view, 9> kVerbWords = {"start",  "stop",    "reload", "restart", "pause",
                                                        "resume", "promote", "hold",   "abort"};
constexpr std::array<std::string_view, 5> kStageWords = {"loads", "is watched", "is held", "bakes",
                                                         "goes back"};
// In the order of ServiceReport::What.
constexpr std::array<std::string_view, 10> kToldWords = {
    "added", "removed", "condition", "resized", "began", "done", "failed", "aborted", "proceeds", "reverted"};

// In the order of Behaviour. The first one is good, and does nothing that would have to be seen.
constexpr std::array<std::string_view, kBehaviours> kBehaviourWords = {"is good",
                                                                       "starts slowly",
                                                                       "never loads",
                                                                       "exits at its start",
                                                                       "has a configuration error",
                                                                       "falls silent",
                                                                       "dies",
                                                                       "exits with 0",
                                                                       "dies on an order",
                                                                       "ignores SIGTERM",
                                                                       "is stopped",
                                                                       "writes garbage",
                                                                       "leaves a frame unfinished",
                                                                       "closes its pipe",
                                                                       "asks to be replaced",
                                                                       "leaves by itself",
                                                                       "floods",
                                                                       "never reads",
                                                                       "forks",
                                                                       "has two faces",
                                                                       "crashes as soon as it is loaded",
                                                                       "hangs at exec",
                                                                       "leaves a helper behind",
                                                                       "is busy",
                                                                       "is a shell"};

// Every edge that the slot's table has, by what a whole step can do. The others are impossible, and a rule
// says so.
constexpr std::pair<size_t, size_t> kSlotEdges[] = {
    {0, 2},  // vacant -> starting: start
    {1, 0},  // waiting -> vacant: stop
    {1, 2},  // waiting -> starting: time, or a reload
    {2, 0},  // starting -> vacant: stop
    {2, 1},  // starting -> waiting: failed start
    {2, 2},  // starting -> starting: failed start tried again at once, or a reload of a start
    {2, 3},  // starting -> serving: loaded
    {2, 4},  // starting -> replacing: loaded, which ends a reload that another one follows
    {2, 5},  // starting -> given up
    {3, 0},  // serving -> vacant: stop
    {3, 1},  // serving -> waiting: crash loop
    {3, 2},  // serving -> starting: crash
    {3, 4},  // serving -> replacing: reload
    {3, 5},  // serving -> given up: configuration error while serving
    {4, 0},  // replacing -> vacant: stop
    {4, 2},  // replacing -> starting: the old one died first
    {4, 3},  // replacing -> serving: commit, or given up
    {5, 0},  // given up -> vacant: stop
    {5, 2},  // given up -> starting: start or reload
    {2, 6},  // starting -> done: a oneshot has ended with 0
    {6, 0},  // done -> vacant: stop
    {6, 2},  // done -> starting: start or reload
    {4, 7},  // replacing -> baking: commit, and the old one is kept
    {7, 0},  // baking -> vacant: stop
    {7, 2},  // baking -> starting: it has left at its own wish, and is followed at once
    {7, 3},  // baking -> serving: it has proven itself or not, or the old one is gone
    {7, 4},  // baking -> replacing: the same, and what waited begins
};

// Two edges in one step, such as that both processes of a replacement are lost at the same time. Right, but
// seen by few seeds.
constexpr std::pair<size_t, size_t> kRareSlotEdges[] = {
    {4, 1}, {7, 1},  // likewise, or it has left at its own wish, as others before it
};

constexpr std::pair<core::ServiceState, core::ServiceState> kServiceEdges[] = {
    {core::ServiceState::kStopped, core::ServiceState::kStarting},
    {core::ServiceState::kStarting, core::ServiceState::kRunning},
    {core::ServiceState::kStarting, core::ServiceState::kFailed},
    {core::ServiceState::kStarting, core::ServiceState::kPaused},
    {core::ServiceState::kStarting, core::ServiceState::kReloading},
    {core::ServiceState::kStarting, core::ServiceState::kStopping},
    {core::ServiceState::kStarting, core::ServiceState::kStopped},
    {core::ServiceState::kRunning, core::ServiceState::kPaused},
    {core::ServiceState::kRunning, core::ServiceState::kReloading},
    {core::ServiceState::kRunning, core::ServiceState::kStopping},
    {core::ServiceState::kRunning, core::ServiceState::kStopped},
    {core::ServiceState::kRunning, core::ServiceState::kFailed},
    {core::ServiceState::kPaused, core::ServiceState::kRunning},
    {core::ServiceState::kPaused, core::ServiceState::kReloading},
    {core::ServiceState::kPaused, core::ServiceState::kStopping},
    {core::ServiceState::kPaused, core::ServiceState::kStopped},
    {core::ServiceState::kPaused, core::ServiceState::kFailed},
    {core::ServiceState::kReloading, core::ServiceState::kRunning},
    {core::ServiceState::kReloading, core::ServiceState::kPaused},
    {core::ServiceState::kReloading, core::ServiceState::kFailed},
    {core::ServiceState::kReloading, core::ServiceState::kStopping},
    {core::ServiceState::kReloading, core::ServiceState::kStarting},
    {core::ServiceState::kStopping, core::ServiceState::kStopped},
    {core::ServiceState::kStopping, core::ServiceState::kStarting},
    {core::ServiceState::kFailed, core::ServiceState::kStarting},
    {core::ServiceState::kFailed, core::ServiceState::kReloading},
    {core::ServiceState::kFailed, core::ServiceState::kStopping},
    {core::ServiceState::kFailed, core::ServiceState::kStopped},
    {core::ServiceState::kFailed, core::ServiceState::kRunning},  // without the worker that failed
    {core::ServiceState::kFailed, core::ServiceState::kPaused},   // likewise
    {core::ServiceState::kStopped, core::ServiceState::kWaiting},
    {core::ServiceState::kStopping, core::ServiceState::kWaiting},
    {core::ServiceState::kFailed, core::ServiceState::kWaiting},
    {core::ServiceState::kDone, core::ServiceState::kWaiting},
    {core::ServiceState::kWaiting, core::ServiceState::kStarting},
    {core::ServiceState::kWaiting, core::ServiceState::kStopped},
    {core::ServiceState::kStarting, core::ServiceState::kDone},
    {core::ServiceState::kDone, core::ServiceState::kStarting},
    {core::ServiceState::kDone, core::ServiceState::kStopped},
};

// Right, but seen by few seeds.
constexpr std::pair<core::ServiceState, core::ServiceState> kRareServiceEdges[] = {
    {core::ServiceState::kRunning, core::ServiceState::kDone},      // a oneshot had found no room before
    {core::ServiceState::kDone, core::ServiceState::kStopping},     // its group outlived it
    {core::ServiceState::kStarting, core::ServiceState::kWaiting},  // ended, and is to run again for a roll
    {core::ServiceState::kWaiting, core::ServiceState::kRunning},   // in a shutdown, before it is told
    {core::ServiceState::kReloading,
     core::ServiceState::kStopped},  // nobody served, and it waited for a oneshot
    {core::ServiceState::kReloading, core::ServiceState::kWaiting},  // it failed, and a start was held back
    {core::ServiceState::kWaiting, core::ServiceState::kStopping},   // what is left of an earlier run
    // A oneshot that had found no room before ended, and runs again for a roll.
    {core::ServiceState::kRunning, core::ServiceState::kStarting},
};

// Why a process was lost, killed or given up.
constexpr std::pair<Milestone, CauseKind> kRecords[] = {
    {Milestone::kLost, CauseKind::kExited},
    {Milestone::kLost, CauseKind::kSignaled},
    {Milestone::kLost, CauseKind::kStartupTimeout},
    {Milestone::kLost, CauseKind::kHeartbeatTimeout},
    {Milestone::kLost, CauseKind::kConfigError},
    {Milestone::kLost, CauseKind::kSpawnFailed},
    {Milestone::kLost, CauseKind::kProtocolViolation},
    {Milestone::kLost, CauseKind::kChannelClosed},
    {Milestone::kStopping, CauseKind::kShutdownTimeout},
    {Milestone::kStopping, CauseKind::kHurried},
    {Milestone::kStopping, CauseKind::kTooManyLeaving},
    {Milestone::kStopping, CauseKind::kOperator},
    {Milestone::kStopping, CauseKind::kMasterStops},
    {Milestone::kStopping, CauseKind::kFewerWanted},
    {Milestone::kStopping, CauseKind::kRemoved},
    {Milestone::kStoppingOld, CauseKind::kOperator},
    {Milestone::kStoppingOld, CauseKind::kWorkerAsked},
    {Milestone::kReloadFailed, CauseKind::kExited},
    {Milestone::kReloadFailed, CauseKind::kSignaled},
    {Milestone::kReloadFailed, CauseKind::kStartupTimeout},
    {Milestone::kReloadFailed, CauseKind::kHeartbeatTimeout},
    {Milestone::kReloadFailed, CauseKind::kConfigError},
    {Milestone::kReloadFailed, CauseKind::kSpawnFailed},
    {Milestone::kReloadFailed, CauseKind::kProtocolViolation},
    {Milestone::kReloadFailed, CauseKind::kChannelClosed},
    {Milestone::kReloadFailed, CauseKind::kOtherFailed},
    {Milestone::kReloadGivenUp, CauseKind::kToldToStop},
    {Milestone::kReloadGivenUp, CauseKind::kMasterStops},
    {Milestone::kReloadGivenUp, CauseKind::kGaveWay},
    {Milestone::kRestartFailed, CauseKind::kExited},
    {Milestone::kRestartFailed, CauseKind::kSignaled},
    {Milestone::kRestartFailed, CauseKind::kStartupTimeout},
    {Milestone::kRestartFailed, CauseKind::kConfigError},
    {Milestone::kRestartFailed, CauseKind::kSpawnFailed},
    {Milestone::kRestartFailed, CauseKind::kProtocolViolation},
    {Milestone::kRestartFailed, CauseKind::kChannelClosed},
    {Milestone::kRestartFailed, CauseKind::kOtherFailed},
    {Milestone::kRestartGivenUp, CauseKind::kToldToStop},
    {Milestone::kRunning, CauseKind::kRestored},
    {Milestone::kPaused, CauseKind::kRestored},
    {Milestone::kFailed, CauseKind::kConfigError},
    {Milestone::kFailed, CauseKind::kStartupTimeout},
    {Milestone::kFailed, CauseKind::kExited},
    {Milestone::kFailed, CauseKind::kSignaled},
    {Milestone::kFailed, CauseKind::kSpawnFailed},
    {Milestone::kStopped, CauseKind::kExited},
    {Milestone::kStopped, CauseKind::kSignaled},
    {Milestone::kStopped, CauseKind::kSpawnFailed},
    {Milestone::kStopped, CauseKind::kGroupEnded},
    {Milestone::kCutShort, CauseKind::kSignaled},
    {Milestone::kAlarm, CauseKind::kUnkillable},
    {Milestone::kCrashing, CauseKind::kCrashLoop},
    {Milestone::kRecovered, CauseKind::kNone},
    {Milestone::kStarting, CauseKind::kAfterCrash},
    {Milestone::kStarting, CauseKind::kAfterFailedStart},
    {Milestone::kStarting, CauseKind::kWorkerAsked},
    {Milestone::kStarting, CauseKind::kRequired},
    {Milestone::kStarting, CauseKind::kBeforeRoll},
    {Milestone::kDone, CauseKind::kExited},
    {Milestone::kLost, CauseKind::kRunTimeout},
    {Milestone::kFailed, CauseKind::kRunTimeout},
    {Milestone::kLost, CauseKind::kLeaseExpired},
    {Milestone::kFailed, CauseKind::kLeaseExpired},
    {Milestone::kReloadFailed, CauseKind::kLeaseExpired},
    {Milestone::kExamined, CauseKind::kFound},
    {Milestone::kPaused, CauseKind::kKept},
    {Milestone::kStoppingOld, CauseKind::kProven},
    {Milestone::kStoppingOld, CauseKind::kRecycled},
    {Milestone::kReloading, CauseKind::kRecycled},
    {Milestone::kReloading, CauseKind::kWentBack},
    {Milestone::kStarting, CauseKind::kWentBack},
    {Milestone::kReloadFailed, CauseKind::kAborted},
    {Milestone::kReloadFailed, CauseKind::kDisproved},
};

std::string Name(const std::pair<Milestone, CauseKind>& record) {
  return "record " + std::string(core::ToWord(record.first)) + " / cause " +
         std::to_string(static_cast<int>(record.second)) + " (" +
         core::ToWords(core::MakeCause(record.second)) + ")";
}

template <typename Row>
void AddRow(Row& to, const Row& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

}  // namespace

void Marks::Saw(const core::Effect& effect) {
  if (const auto* report = std::get_if<core::Report>(&effect)) {
    ++records_[static_cast<size_t>(report->record.milestone)][static_cast<size_t>(report->record.cause.kind)];
    if (report->record.cause.text == core::kUnfinishedMessage)
      ++unfinished_[static_cast<size_t>(report->record.milestone)];
  } else if (const auto* reply = std::get_if<core::Reply>(&effect)) {
    ++answers_[static_cast<size_t>(reply->answer)];
  } else if (const auto* told = std::get_if<core::ServiceReport>(&effect)) {
    ++told_[static_cast<size_t>(told->what)];
  }
}

void Marks::Add(const Marks& other) {
  for (size_t i = 0; i < kSlotStates; ++i) AddRow(slot_edges_[i], other.slot_edges_[i]);
  for (size_t i = 0; i < kServiceStates; ++i) AddRow(service_edges_[i], other.service_edges_[i]);
  for (size_t i = 0; i < kMilestones; ++i) AddRow(records_[i], other.records_[i]);
  for (size_t i = 0; i < kServiceStates; ++i) AddRow(commands_[i], other.commands_[i]);
  for (size_t i = 0; i < kStages; ++i) AddRow(in_rollouts_[i], other.in_rollouts_[i]);
  AddRow(told_, other.told_);
  AddRow(answers_, other.answers_);
  AddRow(unfinished_, other.unfinished_);
  AddRow(behaviours_, other.behaviours_);
}

bool Marks::SlotEdge(size_t from, size_t to) {
  ++slot_edges_[from][to];
  const std::pair<size_t, size_t> edge(from, to);
  const auto is_in = [&edge](const auto& edges) {
    return std::find(std::begin(edges), std::end(edges), edge) != std::end(edges);
  };
  return is_in(kSlotEdges) || is_in(kRareSlotEdges);
}

bool Marks::ServiceEdge(core::ServiceState from, core::ServiceState to) {
  ++service_edges_[static_cast<size_t>(from)][static_cast<size_t>(to)];
  const std::pair<core::ServiceState, core::ServiceState> edge(from, to);
  const auto is_in = [&edge](const auto& edges) {
    return std::find(std::begin(edges), std::end(edges), edge) != std::end(edges);
  };
  return is_in(kServiceEdges) || is_in(kRareServiceEdges);
}

std::string Marks::SlotEdgeName(size_t from, size_t to) {
  return "slot " + std::string(kSlotWords[from]) + " -> " + std::string(kSlotWords[to]);
}

std::vector<std::pair<std::string, uint64_t>> Marks::All() const {
  std::vector<std::pair<std::string, uint64_t>> all;
  for (const auto& [from, to] : kSlotEdges) all.emplace_back(SlotEdgeName(from, to), slot_edges_[from][to]);
  for (const auto& [from, to] : kServiceEdges) {
    all.emplace_back("service " + std::string(core::ToWord(from)) + " -> " + std::string(core::ToWord(to)),
                     service_edges_[static_cast<size_t>(from)][static_cast<size_t>(to)]);
  }
  for (const auto& record : kRecords) {
    all.emplace_back(Name(record),
                     records_[static_cast<size_t>(record.first)][static_cast<size_t>(record.second)]);
  }
  for (const Milestone milestone : {Milestone::kLost, Milestone::kReloadFailed, Milestone::kRestartFailed}) {
    all.emplace_back(
        "record " + std::string(core::ToWord(milestone)) + " / " + std::string(core::kUnfinishedMessage),
        unfinished_[static_cast<size_t>(milestone)]);
  }
  for (size_t state = 0; state < kServiceStates; ++state) {
    for (size_t verb = 0; verb < kVerbs; ++verb) {
      all.emplace_back("command " + std::string(kVerbWords[verb]) + " while " +
                           std::string(core::ToWord(static_cast<core::ServiceState>(state))),
                       commands_[state][verb]);
    }
  }
  for (size_t stage = 0; stage < kStages; ++stage) {
    for (size_t verb = 0; verb < kVerbs; ++verb) {
      all.emplace_back(
          "command " + std::string(kVerbWords[verb]) + " while a rollout " + std::string(kStageWords[stage]),
          in_rollouts_[stage][verb]);
    }
  }
  for (size_t i = 0; i < kRolls; ++i)
    all.emplace_back("told of a service: " + std::string(kToldWords[i]), told_[i]);
  for (size_t i = 0; i < kAnswers; ++i)
    all.emplace_back("answer " + std::string(kAnswerWords[i]), answers_[i]);
  for (size_t i = 1; i < kBehaviours; ++i)
    all.emplace_back("worker that " + std::string(kBehaviourWords[i]), behaviours_[i]);
  return all;
}

std::vector<std::string> Marks::Missing() const {
  std::vector<std::string> missing;
  for (const auto& [name, count] : All()) {
    if (count == 0) missing.push_back(name);
  }
  return missing;
}

std::string Marks::Table() const {
  std::string table;
  for (const auto& [name, count] : All()) table += name + ": " + std::to_string(count) + "\n";
  return table;
}

}  // namespace fectl::sim
