#include "client/session/base_view.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace fectl::client {
namespace {

using proto::BaseEvent;
using proto::BaseReason;
using proto::BaseState;
using proto::BaseWorkerStatus;

// The state of a worker whose last event this was.
std::string_view StateAfter(BaseState state) {
  switch (state) {
    case BaseState::kStarting:
      return "starting";
    case BaseState::kReloading:
    case BaseState::kStoppingOld:
      return "reloading";
    case BaseState::kRestarting:
      return "restarting";
    case BaseState::kRunning:
    // A replacement that failed leaves the old worker serving.
    case BaseState::kRestartFailed:
    case BaseState::kReloadFailed:
      return "running";
    case BaseState::kStopping:
      return "stopping";
    case BaseState::kFailed:
      return "failed";
    case BaseState::kStopped:
      return "stopped";
    case BaseState::kPaused:
      return "paused";
  }
  return "";
}

// What happened, for the list of events.
std::string_view EventWord(BaseState state) {
  switch (state) {
    case BaseState::kStoppingOld:
      return "stopping old";
    case BaseState::kRestartFailed:
      return "restart failed";
    case BaseState::kReloadFailed:
      return "reload failed";
    default:
      return StateAfter(state);
  }
}

bool TellsOfFailure(const BaseReason& reason) {
  switch (reason.kind) {
    case BaseReason::Kind::kNone:
    case BaseReason::Kind::kInitial:
    case BaseReason::Kind::kConsoleRequest:
    case BaseReason::Kind::kWorkerRequest:
      return false;
    default:
      return true;
  }
}

std::string Words(const BaseReason& reason) {
  return reason.kind == BaseReason::Kind::kNone ? "" : proto::InWords(reason);
}

const BaseEvent* LastFailureOf(const BaseWorkerStatus& worker) {
  const auto last = std::find_if(worker.events.rbegin(), worker.events.rend(),
                                 [](const BaseEvent& event) { return TellsOfFailure(event.reason); });
  return last == worker.events.rend() ? nullptr : &*last;
}

// When the process of the last event was first seen.
int64_t FirstSeen(const BaseWorkerStatus& worker, int64_t pid) {
  for (const BaseEvent& event : worker.events) {
    if (event.pid == pid) return event.timestamp;
  }
  return 0;
}

proto::WorkerView ViewOfWorker(const BaseWorkerStatus& worker, int64_t now) {
  proto::WorkerView view;
  view.index = worker.index;
  view.restarts = kUnknownCount;
  if (worker.events.empty()) return view;
  const BaseEvent& last = worker.events.back();
  view.state = StateAfter(last.state);
  const bool gone = view.state == "stopped" || view.state == "failed";
  if (!gone && last.pid != 0) {
    view.pid = last.pid;
    view.uptime_s = static_cast<double>(std::max<int64_t>(0, now - FirstSeen(worker, last.pid)));
  }
  if (const BaseEvent* failure = LastFailureOf(worker)) view.cause = Words(failure->reason);
  return view;
}

}  // namespace

proto::ServiceView ViewOfBaseStatus(const std::string& name, const proto::BaseServiceStatus& status,
                                    int64_t now) {
  proto::ServiceView view;
  view.name = name;
  view.state = proto::WireWord(status.state);
  view.num = static_cast<int>(status.workers.size());
  view.restarts = kUnknownCount;
  for (const BaseWorkerStatus& worker : status.workers) {
    view.workers.push_back(ViewOfWorker(worker, now));
    if (view.workers.back().state == "running") ++view.ready;
    view.uptime_s = std::max(view.uptime_s, view.workers.back().uptime_s);
    for (const BaseEvent& event : worker.events) {
      view.events.push_back({worker.index, event.timestamp, event.pid, std::string(EventWord(event.state)),
                             Words(event.reason)});
    }
  }
  // The events of each worker are in order; those of one second stay in the order of the workers.
  std::ranges::stable_sort(view.events, {}, &proto::EventView::timestamp);
  if (view.state != "running" || view.ready < view.num) view.cause = LastFailure(status);
  return view;
}

std::string LastFailure(const proto::BaseServiceStatus& status) {
  const BaseEvent* newest = nullptr;
  int worker_index = 0;
  for (const BaseWorkerStatus& worker : status.workers) {
    const BaseEvent* last = LastFailureOf(worker);
    if (last != nullptr && (newest == nullptr || last->timestamp > newest->timestamp)) {
      newest = last;
      worker_index = worker.index;
    }
  }
  if (newest == nullptr) return "";
  return "worker(" + std::to_string(worker_index) + "): " + Words(newest->reason);
}

}  // namespace fectl::client
