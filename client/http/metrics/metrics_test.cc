#include "client/http/metrics/metrics.h"

#include <set>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kNow = 1'764'000'000;

proto::MasterView View() {
  proto::MasterView view;
  view.version = "1.0.0";
  view.uptime_s = 12.5;
  view.config_version = 2;
  view.config_loaded_at_ns = 1'764'000'000'250'000'000;
  proto::ServiceView web;
  web.name = "web";
  web.state = "degraded";
  web.num = 3;
  web.ready = 1;
  web.restarts = 7;
  web.still_leaving = 2;
  proto::WorkerView first;
  first.state = "running";
  first.pid = 100;
  first.uptime_s = 60;
  first.beat_age_s = 0.25;
  first.gauges = {{"open", 4}, {"queue.depth", 0.5}};
  proto::WorkerView second;
  second.index = 2;
  second.state = "waiting";
  proto::WorkerView third;
  third.index = 3;
  third.state = "starting";
  third.pid = 102;
  web.workers = {first, second, third};
  view.services = {web};
  return view;
}

std::string TextOf(const proto::MasterView& view, std::optional<bool> drift = std::nullopt) {
  SlotTable slots;
  slots.Take(view, kNow);
  slots.Measure(1, [](int64_t) {
    return std::optional<client::ProcessUsage>({.memory_bytes = 4096, .cpu_ms = 1250, .started = 1});
  });
  return MetricsOf(view, slots, drift);
}

TEST(Metrics, OfTheMaster) {
  const std::string text = TextOf(View(), true);
  EXPECT_THAT(text, HasSubstr("\nfectl_build_info{version=\"1.0.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_uptime_seconds 12.5\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_config_version 2\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_config_last_reload_success_timestamp_seconds 1764000000.25\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_config_drift 1\n"));
  EXPECT_THAT(TextOf(View(), false), HasSubstr("\nfectl_config_drift 0\n"));
  EXPECT_THAT(TextOf(View()), Not(HasSubstr("drift")));
}

TEST(Metrics, OfAService) {
  const std::string text = TextOf(View());
  EXPECT_THAT(text, HasSubstr("\nfectl_service_state{service=\"web\",state=\"degraded\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_service_state{service=\"web\",state=\"running\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_service_workers_desired{service=\"web\"} 3\n"));
  for (const auto& [state, count] : {std::pair("ready", 1),
                                     {"draining", 2},
                                     {"starting", 1},
                                     {"waiting", 1},
                                     {"paused", 0},
                                     {"failed", 0}}) {
    EXPECT_THAT(text, HasSubstr("\nfectl_service_workers{service=\"web\",state=\"" + std::string(state) +
                                "\"} " + std::to_string(count) + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_restarts_total{service=\"web\"} 7\n"));
}

TEST(Metrics, OfAWorker) {
  const std::string text = TextOf(View());
  const std::string first = "{service=\"web\",worker=\"1\"} ";
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_start_time_seconds" + first + "1763999940\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_cpu_seconds_total" + first + "1.25\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_resident_memory_bytes" + first + "4096\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_heartbeat_age_seconds" + first + "0.25\n"));
  EXPECT_THAT(text, HasSubstr("\nfectl_worker_value{service=\"web\",worker=\"1\",name=\"open\"} 4\n"));
  EXPECT_THAT(text,
              HasSubstr("\nfectl_worker_value{service=\"web\",worker=\"1\",name=\"queue.depth\"} 0.5\n"));
  // Nothing is invented for a place without a process, and nothing of a process that was not measured.
  EXPECT_THAT(text, Not(HasSubstr("worker=\"2\"")));
  EXPECT_THAT(text, Not(HasSubstr("fectl_worker_cpu_seconds_total{service=\"web\",worker=\"3\"}")));
}

TEST(Metrics, NoSeriesTwice) {
  std::istringstream lines(TextOf(View(), true));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_GT(seen.size(), 20U);
}

TEST(Metrics, NoProcessIsALabel) {
  EXPECT_THAT(TextOf(View()), Not(HasSubstr("pid")));
}

}  // namespace
}  // namespace fectl::http
