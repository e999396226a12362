#include "client/http/metrics/metrics.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "client/http/metrics/metrics_text.h"

namespace fectl::http {
namespace {

using Type = MetricsText::Type;

// All states of a service, by control_protocol.md.
constexpr std::string_view kServiceStates[] = {"starting", "running",   "degraded",   "crashing",
                                               "paused",   "reloading", "restarting", "stopping",
                                               "stopped",  "failed",    "waiting",    "done"};

// A service or a worker, with its labels.
template <typename View>
struct Labelled {
  std::string labels;
  const View* view = nullptr;
};

struct LabelledWorker {
  std::string labels;
  const proto::WorkerView* view = nullptr;
  const Slot* slot = nullptr;
};

void OfTheMaster(const proto::MasterView& view, std::optional<bool> drift, MetricsText* text) {
  text->Family("fectl_build_info", Type::kGauge, "The version of fectld, as a label; always 1.");
  text->Sample(Label("version", view.version), 1);
  text->Family("fectl_uptime_seconds", Type::kGauge, "How long fectld has been running.");
  text->Sample("", view.uptime_s);
  if (view.config_version > 0) {
    text->Family("fectl_config_version", Type::kGauge, "The version of the configuration that runs, from 1.");
    text->Sample("", static_cast<double>(view.config_version));
  }
  if (view.config_loaded_at_ns > 0) {
    text->Family("fectl_config_last_reload_success_timestamp_seconds", Type::kGauge,
                 "When the configuration that runs was read (unix time).");
    text->Sample("", static_cast<double>(view.config_loaded_at_ns / 1'000'000) / 1000);
  }
  if (drift.has_value()) {
    text->Family("fectl_config_drift", Type::kGauge,
                 "1: files of the configuration were changed since they were read (fectl plan).");
    text->Sample("", *drift ? 1 : 0);
  }
}

double CountOf(const proto::ServiceView& service, std::string_view state) {
  return static_cast<double>(
      std::count_if(service.workers.begin(), service.workers.end(),
                    [&](const proto::WorkerView& worker) { return worker.state == state; }));
}

void WorkersByState(const std::vector<Labelled<proto::ServiceView>>& services, MetricsText* text) {
  text->Family("fectl_service_workers", Type::kGauge,
               "Workers by what they do. ready: they serve; draining: processes that were told to leave and "
               "have not ended.");
  for (const auto& [labels, service] : services) {
    text->Sample(labels + R"(,state="ready")", service->ready);
    text->Sample(labels + R"(,state="draining")", service->still_leaving);
    for (const char* state : {"starting", "waiting", "paused", "failed"}) {
      text->Sample(labels + "," + Label("state", state), CountOf(*service, state));
    }
  }
}

void OfServices(const std::vector<Labelled<proto::ServiceView>>& services, MetricsText* text) {
  text->Family("fectl_service_state", Type::kGauge, "1 for the state that the service is in, else 0.");
  for (const auto& [labels, service] : services) {
    for (const std::string_view state : kServiceStates) {
      text->Sample(labels + "," + Label("state", state), service->state == state ? 1 : 0);
    }
  }
  text->Family("fectl_service_workers_desired", Type::kGauge, "Workers that the service is to have.");
  for (const auto& [labels, service] : services) text->Sample(labels, service->num);
  WorkersByState(services, text);
  text->Family("fectl_worker_restarts_total", Type::kCounter,
               "Workers that were lost or failed, and started again, since the service was started.");
  for (const auto& [labels, service] : services) text->Sample(labels, static_cast<double>(service->restarts));
}

void PerWorker(const std::vector<LabelledWorker>& workers, MetricsText* text, std::string_view name,
               Type type, std::string_view help,
               const std::function<std::optional<double>(const LabelledWorker&)>& value) {
  text->Family(name, type, help);
  for (const LabelledWorker& worker : workers) {
    if (const std::optional<double> known = value(worker)) text->Sample(worker.labels, *known);
  }
}

void OfWorkers(const std::vector<LabelledWorker>& workers, MetricsText* text) {
  PerWorker(workers, text, "fectl_worker_start_time_seconds", Type::kGauge,
            "When the worker's process was started (unix time).",
            [](const LabelledWorker& worker) -> std::optional<double> {
              if (worker.slot == nullptr || worker.slot->start_time_s == 0) return std::nullopt;
              return static_cast<double>(worker.slot->start_time_s);
            });
  PerWorker(workers, text, "fectl_worker_cpu_seconds_total", Type::kCounter,
            "Processor time of the processes that were seen in this worker's place.",
            [](const LabelledWorker& worker) -> std::optional<double> {
              if (worker.slot == nullptr || !worker.slot->measured) return std::nullopt;
              return static_cast<double>(worker.slot->cpu_ms) / 1000;
            });
  PerWorker(workers, text, "fectl_worker_resident_memory_bytes", Type::kGauge,
            "Resident memory of the worker's process.",
            [](const LabelledWorker& worker) -> std::optional<double> {
              if (worker.slot == nullptr || worker.slot->memory_bytes == 0) return std::nullopt;
              return static_cast<double>(worker.slot->memory_bytes);
            });
  PerWorker(workers, text, "fectl_worker_heartbeat_age_seconds", Type::kGauge,
            "Since the worker's last heartbeat, or since it was loaded.",
            [](const LabelledWorker& worker) -> std::optional<double> {
              if (worker.view->pid == 0) return std::nullopt;
              return worker.view->beat_age_s;
            });
  text->Family("fectl_worker_value", Type::kGauge, "What the worker itself says in numbers, by their names.");
  for (const LabelledWorker& worker : workers) {
    for (const auto& [name, value] : worker.view->gauges) {
      text->Sample(worker.labels + "," + Label("name", name), value);
    }
  }
}

}  // namespace

std::string MetricsOf(const proto::MasterView& view, const SlotTable& slots, std::optional<bool> drift) {
  std::vector<Labelled<proto::ServiceView>> services;
  std::vector<LabelledWorker> workers;
  for (const proto::ServiceView& service : view.services) {
    services.push_back({Label("service", service.name), &service});
    for (const proto::WorkerView& worker : service.workers) {
      // The place, and never the process: each new number would be another series for ever.
      workers.push_back({services.back().labels + "," + Label("worker", std::to_string(worker.index)),
                         &worker, slots.Find(service.name, worker.index)});
    }
  }
  MetricsText text;
  OfTheMaster(view, drift, &text);
  OfServices(services, &text);
  OfWorkers(workers, &text);
  return text.Take();
}

}  // namespace fectl::http
