#include "master/runtime/views/status_view.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/slot/lease.h"
#include "master/core/slot/slot_state.h"
#include "master/runtime/views/base_view.h"

namespace fectl::runtime {
namespace {

double InSeconds(core::Span span) {
  return static_cast<double>(span.ns / 1'000'000) / 1000;
}

// The process that has the slot's duty, or is about to get it; nullptr: none.
const core::Process* OnDuty(const core::Slot& slot) {
  if (const auto* starting = std::get_if<core::Starting>(&slot.state())) return &starting->process;
  if (const auto* serving = std::get_if<core::Serving>(&slot.state())) return &serving->process;
  if (const auto* replacing = std::get_if<core::Replacing>(&slot.state())) return &replacing->old.process;
  if (const auto* baking = std::get_if<core::Baking>(&slot.state())) return &baking->now.process;
  return nullptr;
}

std::string_view WordFor(const core::Slot& slot, bool paused) {
  if (std::holds_alternative<core::Starting>(slot.state())) return "starting";
  if (std::holds_alternative<core::Serving>(slot.state()) || slot.keeps_old())
    return paused ? "paused" : "running";
  if (const auto* replacing = std::get_if<core::Replacing>(&slot.state())) {
    return replacing->urgency == core::Urgency::kReload ? "reloading" : "restarting";
  }
  if (std::holds_alternative<core::Waiting>(slot.state())) return "waiting";
  if (std::holds_alternative<core::GivenUp>(slot.state())) return "failed";
  if (std::holds_alternative<core::Done>(slot.state())) return "done";
  return slot.leaving().empty() ? "stopped" : "stopping";
}

// Of the process that serves: since its last heartbeat, or since it was loaded.
double BeatAge(const core::Slot& slot, core::Instant now) {
  const auto* serving = std::get_if<core::Serving>(&slot.state());
  if (const auto* replacing = std::get_if<core::Replacing>(&slot.state())) serving = &replacing->old;
  if (const auto* baking = std::get_if<core::Baking>(&slot.state())) serving = &baking->now;
  if (serving == nullptr || serving->process.channel_closed) return 0;
  return std::max(0.0, InSeconds(now + serving->process.timeout - serving->deadline));
}

proto::LeavingView DescribeLeaving(const core::Leaving& leaving, core::Instant now) {
  proto::LeavingView view;
  view.pid = leaving.process.pid;
  view.uptime_s = InSeconds(now - leaving.process.since);
  view.leaving_s = InSeconds(now - leaving.told_at);
  if (leaving.stage < core::Leaving::Stage::kKilled)
    view.time_left_s = std::max(0.0, InSeconds(leaving.deadline - now));
  return view;
}

proto::WorkerView DescribeWorker(core::ServiceId service, uint32_t index, const core::Slot& slot, bool paused,
                                 const WorkerSet& workers, core::Instant now) {
  proto::WorkerView view;
  view.index = static_cast<int>(index) + 1;
  view.state = WordFor(slot, paused);
  view.restarts = static_cast<int64_t>(slot.restarts());
  view.cause = core::ToWords(slot.last_trouble());
  if (const core::Process* process = OnDuty(slot); process != nullptr) {
    view.pid = process->pid;
    view.uptime_s = InSeconds(now - process->since);
    view.beat_age_s = BeatAge(slot, now);
    const WorkerLink* link = workers.Find({service, index, process->generation});
    if (link != nullptr) {
      view.note = link->note();
      view.gauges = link->gauges();
    }
  }
  if (const core::Lease* lease = slot.lease(now); lease != nullptr) {
    view.busy = lease->why;
    view.busy_left_s = InSeconds(lease->until - now);
  }
  const auto* waiting = std::get_if<core::Waiting>(&slot.state());
  if (waiting != nullptr && waiting->retry_at != core::kNever) {
    view.retry_in_s = std::max(0.0, InSeconds(waiting->retry_at - now));
  }
  for (const core::Leaving& leaving : slot.leaving()) {
    view.leaving.push_back(leaving.process.pid);
    view.leaving_processes.push_back(DescribeLeaving(leaving, now));
  }
  return view;
}

std::vector<proto::EventView> DescribeEvents(const core::Service& service) {
  std::vector<proto::EventView> events;
  for (uint32_t i = 0; i < service.slots().size(); ++i) {
    for (const core::Record& record : service.slots()[i].history().records()) {
      events.push_back({static_cast<int>(i) + 1, record.wall_seconds, record.pid,
                        std::string(core::ToWord(record.milestone)), core::ToWords(record.cause)});
    }
  }
  // By time; within a second in the order of each worker.
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.timestamp < b.timestamp; });
  return events;
}

}  // namespace

proto::ServiceView Summarize(const core::Service& service, const ServicePlan& plan, core::Instant now) {
  proto::ServiceView view;
  view.name = service.policy().name;
  view.state = service.word();
  view.num = static_cast<int>(service.policy().num);
  view.ready = static_cast<int>(service.serving());
  if (service.up_since() != core::kNever) view.uptime_s = InSeconds(now - service.up_since());
  for (const core::Slot& slot : service.slots()) {
    view.restarts += static_cast<int64_t>(slot.restarts());
    view.still_leaving += static_cast<int>(slot.leaving().size());
    view.undrained += static_cast<int>(slot.undrained().all);
    view.undrained_sigterm += static_cast<int>(slot.undrained().by_sigterm);
  }
  // Of a oneshot that is done: for how long it is.
  if (service.done_since() != core::kNever) view.uptime_s = InSeconds(now - service.done_since());
  view.cause = service.TroubleInWords();
  view.sockets = plan.sockets;
  return view;
}

proto::ServiceView DescribeWorkers(const core::Service& service, const ServicePlan& plan,
                                   const WorkerSet& workers, core::Instant now) {
  proto::ServiceView view = Summarize(service, plan, now);
  for (uint32_t i = 0; i < service.slots().size(); ++i) {
    view.workers.push_back(
        DescribeWorker(service.id(), i, service.slots()[i], service.paused(), workers, now));
  }
  return view;
}

proto::ServiceView Describe(const core::Service& service, const ServicePlan& plan, const WorkerSet& workers,
                            core::Instant now) {
  proto::ServiceView view = DescribeWorkers(service, plan, workers, now);
  view.events = DescribeEvents(service);
  return view;
}

void AddLastLines(const core::Service& service, const LastWords& words, proto::ServiceView* view) {
  for (proto::WorkerView& worker : view->workers) {
    if (worker.pid != 0 || (worker.state != "waiting" && worker.state != "failed")) continue;
    const LastWords::Words* const last = words.Of(service.id(), static_cast<uint32_t>(worker.index - 1));
    if (last != nullptr) worker.last_lines = last->lines;
  }
}

proto::BaseServiceStatus DescribeForBase(const core::Service& service) {
  proto::BaseServiceStatus status;
  status.state = ToBase(service.state());
  for (uint32_t i = 0; i < service.slots().size(); ++i) {
    proto::BaseWorkerStatus worker;
    worker.index = static_cast<int>(i) + 1;
    for (const core::Record& record : service.slots()[i].history().records()) {
      const auto state = ToBase(record.milestone, record.cause);
      if (!state.has_value()) continue;
      worker.events.push_back({*state, ToBase(record.cause), record.wall_seconds, record.pid});
    }
    status.workers.push_back(std::move(worker));
  }
  return status;
}

std::vector<std::string> PidsOnDuty(const core::Service& service) {
  std::vector<std::string> pids;
  for (const core::Slot& slot : service.slots()) {
    const core::Process* process = OnDuty(slot);
    if (process != nullptr && slot.ready()) pids.push_back(std::to_string(process->pid));
  }
  return pids;
}

std::string WorkersInWords(const core::Service& service) {
  constexpr size_t kPidsMax = 16;
  const std::vector<std::string> pids = PidsOnDuty(service);
  std::string words;
  for (size_t i = 0; i < pids.size() && i < kPidsMax; ++i) words += (i == 0 ? " (pid " : ", ") + pids[i];
  if (pids.size() > kPidsMax) words += " and " + std::to_string(pids.size() - kPidsMax) + " more";
  return service.policy().name + words + (pids.empty() ? "" : ")");
}

}  // namespace fectl::runtime
