#include "client/live/process_usage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace fectl::client {
namespace {

constexpr char kStat[] =
    "4711 (a) b (c)) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 98765 1000000 500 "
    "18446744073709551615 1 1 0 0\n";

TEST(ReadUsage, TakesWhatProcTells) {
  const auto usage = ReadUsage(kStat, "2000 500 100 1 0 200 0\n", 4096, 100);
  ASSERT_TRUE(usage.has_value());
  EXPECT_EQ(usage->memory_bytes, 500 * 4096);
  EXPECT_EQ(usage->cpu_ms, 3000);
  EXPECT_EQ(usage->started, 98765);
}

TEST(ReadUsage, WhatIsNoSuchTextIsNothing) {
  EXPECT_EQ(ReadUsage("", "", 4096, 100), std::nullopt);
  EXPECT_EQ(ReadUsage(kStat, "2000", 4096, 100), std::nullopt);
  EXPECT_EQ(ReadUsage(kStat, "2000 x", 4096, 100), std::nullopt);
  EXPECT_EQ(ReadUsage("4711 (a) S 1 2", "2000 500", 4096, 100), std::nullopt);
  EXPECT_EQ(ReadUsage(kStat, "2000 500", 4096, 0), std::nullopt);
}

TEST(UsageOf, KnowsThisProcess) {
  const auto usage = UsageOf(getpid());
  ASSERT_TRUE(usage.has_value());
  EXPECT_GT(usage->memory_bytes, 100'000);
  EXPECT_EQ(UsageOf(0), std::nullopt);
}

TEST(CpuMeter, MeasuresFromOneRoundToTheNext) {
  CpuMeter meter;
  EXPECT_EQ(meter.Take(7, {.memory_bytes = 1, .cpu_ms = 1000, .started = 5}, 10'000), std::nullopt);
  meter.EndRound();
  EXPECT_EQ(meter.Take(7, {.memory_bytes = 1, .cpu_ms = 1500, .started = 5}, 12'000), 25.0);
  meter.EndRound();
  // Another process with that number.
  EXPECT_EQ(meter.Take(7, {.memory_bytes = 1, .cpu_ms = 20, .started = 6}, 13'000), std::nullopt);
  meter.EndRound();
  meter.EndRound();  // it was not there
  EXPECT_EQ(meter.Take(7, {.memory_bytes = 1, .cpu_ms = 40, .started = 6}, 14'000), std::nullopt);
}

}  // namespace
}  // namespace fectl::client
