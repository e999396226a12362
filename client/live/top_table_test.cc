#include "client/live/top_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

proto::MasterView View() {
  proto::WorkerView first{.index = 1, .state = "running", .pid = 71, .uptime_s = 3600, .note = "warm"};
  first.gauges = {{"http.active", 3}, {"open", 9}};
  first.beat_age_s = 0.25;
  const proto::WorkerView second{
      .index = 2, .state = "waiting", .restarts = 4, .cause = "exited with code 1"};
  proto::WorkerView third{.index = 1, .state = "running", .pid = 72, .uptime_s = 5};
  third.gauges = {{"open", 1}};
  third.beat_age_s = 2;
  const proto::ServiceView web{
      .name = "web", .state = "degraded", .num = 2, .ready = 1, .workers = {first, second}};
  const proto::ServiceView api{.name = "api", .state = "running", .num = 1, .ready = 1, .workers = {third}};
  return {.pid = 7, .version = "1.0.0", .uptime_s = 7200, .services = {web, api}};
}

std::vector<TopRow> Rows() {
  std::vector<TopRow> rows = TopRows(View());
  rows[0].cpu_percent = 12.34;
  rows[0].memory_bytes = 50 << 20;
  rows[2].cpu_percent = 99;
  rows[2].memory_bytes = 10 << 20;
  return rows;
}

std::vector<int64_t> Sorted(TopOrder order, bool reversed = false) {
  std::vector<TopRow> rows = Rows();
  SortRows(order, reversed, &rows);
  std::vector<int64_t> pids;
  for (const TopRow& row : rows) pids.push_back(row.pid);
  return pids;
}

TEST(TopRows, SayWhatTheAnswerSays) {
  const std::vector<TopRow> rows = TopRows(View());
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].open, 3);
  EXPECT_EQ(rows[0].words, "warm");
  EXPECT_EQ(rows[1].words, "exited with code 1");
  EXPECT_EQ(rows[1].beat_age_s, std::nullopt);
  EXPECT_EQ(rows[2].open, 1);
}

TEST(SortRows, MostFirstAndWhatIsNotKnownLast) {
  EXPECT_THAT(Sorted(TopOrder::kService), ElementsAre(72, 71, 0));
  EXPECT_THAT(Sorted(TopOrder::kService, true), ElementsAre(0, 71, 72));
  EXPECT_THAT(Sorted(TopOrder::kCpu), ElementsAre(72, 71, 0));
  EXPECT_THAT(Sorted(TopOrder::kMemory), ElementsAre(71, 72, 0));
  EXPECT_THAT(Sorted(TopOrder::kHeartbeat), ElementsAre(72, 71, 0));
  EXPECT_THAT(Sorted(TopOrder::kOpen), ElementsAre(71, 72, 0));
  EXPECT_THAT(Sorted(TopOrder::kRestarts), ElementsAre(0, 71, 72));
  EXPECT_THAT(Sorted(TopOrder::kUptime), ElementsAre(71, 72, 0));
}

TEST(TopOrderOf, KnowsNamesAndKeys) {
  for (const TopOrderRow& row : kTopOrders) EXPECT_EQ(TopOrderOf(row.name), TopOrderOf(row.key)) << row.name;
  EXPECT_EQ(TopOrderOf("memory"), TopOrder::kMemory);
  EXPECT_EQ(TopOrderOf("uptime"), TopOrder::kUptime);
  EXPECT_EQ(TopOrderOf("nothing"), std::nullopt);
  EXPECT_EQ(TopOrderOf('q'), std::nullopt);
}

TEST(TopTable, HasALineForEachWorker) {
  EXPECT_THAT(
      TopTable(Rows(), false),
      ElementsAre(
          "SERVICE  WORKER  PID  STATE    UPTIME  CPU%  MEMORY  BEAT  OPEN  RESTARTS  STATUS",
          "web           1   71  running    1h0m  12.3     50M  0.2s     3         0  warm",
          "web           2    -  waiting       -     -       -     -     -         4  exited with code 1",
          "api           1   72  running      5s  99.0     10M  2.0s     1         0  -"));
}

TEST(TopSummary, HasTheSums) {
  EXPECT_EQ(TopSummary(View(), Rows()),
            "fectld 1.0.0, pid 7, up 2h0m: 2 services, 2/3 workers serve, cpu 111%, memory 60M, open 4");
}

TEST(TopJson, SaysNullWhereNobodyCanTell) {
  const std::string json = TopJson(View(), Rows());
  EXPECT_THAT(
      json,
      HasSubstr("{\"service\":\"web\",\"worker\":1,\"pid\":71,\"state\":\"running\",\"uptime_s\":3600.000,"
                "\"cpu_percent\":12.3,\"memory_bytes\":52428800,\"beat_age_s\":0.250,\"open\":3,"
                "\"restarts\":0}"));
  EXPECT_THAT(json,
              HasSubstr("\"cpu_percent\":null,\"memory_bytes\":null,\"beat_age_s\":null,\"open\":null"));
}

TEST(ShortBytes, IsShort) {
  EXPECT_EQ(ShortBytes(0), "0K");
  EXPECT_EQ(ShortBytes(999 * 1024), "999K");
  EXPECT_EQ(ShortBytes(1000 * 1024), "1.0M");
  EXPECT_EQ(ShortBytes(50 << 20), "50M");
  EXPECT_EQ(ShortBytes(int64_t{3} << 30), "3.0G");
}

}  // namespace
}  // namespace fectl::client
