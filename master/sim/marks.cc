#include "master/sim/marks.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/cause.h"
#include "master/core/history.h"

namespace fectl::sim {
namespace {

using CauseKind = core::Cause::Kind;
using core::Milestone;

constexpr std::array<std::string_view, 6> kSlotWords = {"vacant",  "waiting",   "starting",
                                                        "serving", "replacing", "given-up"};
constexpr std::array<std::string_view, 11> kAnswerWords = {
    "started",        "stopped",       "failed",          "done",           "error-unknown-service",
    "error-starting", "error-running", "error-reloading", "error-stopping", "error-stopped",
    "error-failed"};

// Every edge that the slot's table has; the others are impossible, and the invariants would say so.
constexpr std::pair<size_t, size_t> kSlotEdges[] = {
    {0, 2},  // vacant -> starting: start
    {1, 0},  // waiting -> vacant: stop
    {1, 2},  // waiting -> starting: time, or a reload
    {2, 0},  // starting -> vacant: stop
    {2, 1},  // starting -> waiting: failed start
    {2, 2},  // starting -> starting: failed start tried again at once, or a reload of a start
    {2, 3},  // starting -> serving: loaded
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
};

constexpr std::pair<core::ServiceState, core::ServiceState> kServiceEdges[] = {
    {core::ServiceState::kStopped, core::ServiceState::kStarting},
    {core::ServiceState::kStarting, core::ServiceState::kRunning},
    {core::ServiceState::kStarting, core::ServiceState::kFailed},
    {core::ServiceState::kStarting, core::ServiceState::kStopping},
    {core::ServiceState::kRunning, core::ServiceState::kPaused},
    {core::ServiceState::kRunning, core::ServiceState::kReloading},
    {core::ServiceState::kRunning, core::ServiceState::kStopping},
    {core::ServiceState::kRunning, core::ServiceState::kFailed},
    {core::ServiceState::kPaused, core::ServiceState::kRunning},
    {core::ServiceState::kPaused, core::ServiceState::kReloading},
    {core::ServiceState::kPaused, core::ServiceState::kStopping},
    {core::ServiceState::kPaused, core::ServiceState::kFailed},
    {core::ServiceState::kReloading, core::ServiceState::kRunning},
    {core::ServiceState::kReloading, core::ServiceState::kPaused},
    {core::ServiceState::kReloading, core::ServiceState::kFailed},
    {core::ServiceState::kReloading, core::ServiceState::kStopping},
    {core::ServiceState::kStopping, core::ServiceState::kStopped},
    {core::ServiceState::kFailed, core::ServiceState::kStarting},
    {core::ServiceState::kFailed, core::ServiceState::kReloading},
    {core::ServiceState::kFailed, core::ServiceState::kStopping},
    {core::ServiceState::kFailed, core::ServiceState::kStopped},
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
    {Milestone::kStopping, CauseKind::kOperator},
    {Milestone::kStopping, CauseKind::kMasterStops},
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
    {Milestone::kReloadFailed, CauseKind::kOperator},
    {Milestone::kRestartFailed, CauseKind::kOtherFailed},
    {Milestone::kRunning, CauseKind::kRestored},
    {Milestone::kPaused, CauseKind::kRestored},
    {Milestone::kFailed, CauseKind::kConfigError},
    {Milestone::kFailed, CauseKind::kStartupTimeout},
    {Milestone::kFailed, CauseKind::kSpawnFailed},
    {Milestone::kStopped, CauseKind::kExited},
    {Milestone::kStopped, CauseKind::kSignaled},
    {Milestone::kAlarm, CauseKind::kUnkillable},
    {Milestone::kStarting, CauseKind::kAfterCrash},
    {Milestone::kStarting, CauseKind::kAfterFailedStart},
    {Milestone::kStarting, CauseKind::kWorkerAsked},
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
  } else if (const auto* reply = std::get_if<core::Reply>(&effect)) {
    ++answers_[static_cast<size_t>(reply->answer)];
  }
}

void Marks::Add(const Marks& other) {
  for (size_t i = 0; i < kSlotStates; ++i) AddRow(slot_edges_[i], other.slot_edges_[i]);
  for (size_t i = 0; i < kServiceStates; ++i) AddRow(service_edges_[i], other.service_edges_[i]);
  for (size_t i = 0; i < kMilestones; ++i) AddRow(records_[i], other.records_[i]);
  AddRow(answers_, other.answers_);
}

std::vector<std::string> Marks::Missing() const {
  std::vector<std::string> missing;
  for (const auto& [from, to] : kSlotEdges) {
    if (slot_edges_[from][to] == 0) {
      missing.push_back("slot " + std::string(kSlotWords[from]) + " -> " + std::string(kSlotWords[to]));
    }
  }
  for (const auto& [from, to] : kServiceEdges) {
    if (service_edges_[static_cast<size_t>(from)][static_cast<size_t>(to)] == 0) {
      missing.push_back("service " + std::string(core::ToWord(from)) + " -> " +
                        std::string(core::ToWord(to)));
    }
  }
  for (const auto& record : kRecords) {
    if (records_[static_cast<size_t>(record.first)][static_cast<size_t>(record.second)] == 0) {
      missing.push_back(Name(record));
    }
  }
  for (size_t i = 0; i < kAnswers; ++i) {
    if (answers_[i] == 0) missing.push_back("answer " + std::string(kAnswerWords[i]));
  }
  return missing;
}

std::string Marks::Table() const {
  std::string table;
  const auto line = [&table](const std::string& name, uint64_t count) {
    table += name + ": " + std::to_string(count) + "\n";
  };
  for (size_t i = 0; i < kSlotStates; ++i) {
    for (size_t j = 0; j < kSlotStates; ++j) {
      if (slot_edges_[i][j] == 0) continue;
      line("slot " + std::string(kSlotWords[i]) + " -> " + std::string(kSlotWords[j]), slot_edges_[i][j]);
    }
  }
  for (size_t i = 0; i < kServiceStates; ++i) {
    for (size_t j = 0; j < kServiceStates; ++j) {
      if (service_edges_[i][j] == 0) continue;
      line("service " + std::string(core::ToWord(static_cast<core::ServiceState>(i))) + " -> " +
               std::string(core::ToWord(static_cast<core::ServiceState>(j))),
           service_edges_[i][j]);
    }
  }
  for (const auto& record : kRecords) {
    line(Name(record), records_[static_cast<size_t>(record.first)][static_cast<size_t>(record.second)]);
  }
  for (size_t i = 0; i < kAnswers; ++i) line("answer " + std::string(kAnswerWords[i]), answers_[i]);
  return table;
}

}  // namespace fectl::sim
