#include "master/events/record.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"

namespace fectl::events {
namespace {

using core::Cause;
using core::Milestone;
using core::ServiceReport;
using proto::EventType;

constexpr Head kHead{.number = 1043, .boot = 0x9c1f, .t_ms = 1'764'291'151'123};
constexpr char kBegin[] = "{\"seq\":1043,\"boot\":\"9c1f\",\"t\":1764291151123,";

std::string Of(Milestone milestone, const Cause& cause) {
  return RecordOf(kHead, "web", core::Report{0, 2, {1'764'291'151, 4711, milestone, cause}, 1043, 12});
}

TEST(RecordOf, AWorkersEventHasWhoAndWhy) {
  EXPECT_EQ(Of(Milestone::kLost, core::MakeCause(Cause::Kind::kExited, 3)),
            std::string(kBegin) +
                "\"type\":\"worker.lost\",\"service\":\"web\",\"worker\":3,\"gen\":12,\"pid\":4711,\"data\":"
                "{\"why\":\"exited with code 3\",\"expected\":false,\"code\":3}}");
  EXPECT_EQ(
      Of(Milestone::kCutShort, core::MakeCause(Cause::Kind::kSignaled, 15)),
      std::string(kBegin) +
          "\"type\":\"worker.exited\",\"service\":\"web\",\"worker\":3,\"gen\":12,\"pid\":4711,\"data\":"
          "{\"why\":\"was killed by SIGTERM\",\"expected\":true,\"signal\":\"SIGTERM\",\"cut_short\":true}}");
  EXPECT_EQ(Of(Milestone::kRunning, {}),
            std::string(kBegin) +
                "\"type\":\"worker.ready\",\"service\":\"web\",\"worker\":3,\"gen\":12,\"pid\":4711}");
  EXPECT_EQ(
      Of(Milestone::kReloadFailed, core::MakeCause(Cause::Kind::kOtherFailed)).find("\"how\":\"reload\"") !=
          std::string::npos,
      true);
}

TEST(RecordOf, WhatIsOfNoProcessNamesNone) {
  EXPECT_EQ(RecordOf(kHead, "web", core::Report{0, 0, {0, 0, Milestone::kFailed, {}}, 1043, 0}),
            std::string(kBegin) + "\"type\":\"worker.failed\",\"service\":\"web\",\"worker\":1}");
}

TEST(RecordOf, AServicesEventHasItsNumbers) {
  EXPECT_EQ(
      RecordOf(kHead, "web", ServiceReport{.condition = "degraded", .words = "worker(1) exited", .num = 4}),
      std::string(kBegin) +
          "\"type\":\"service.degraded\",\"service\":\"web\",\"data\":{\"why\":\"worker(1) "
          "exited\",\"num\":4}}");
  EXPECT_EQ(
      RecordOf(kHead, "web", ServiceReport{.what = ServiceReport::What::kResized, .num = 4, .num_before = 2}),
      std::string(kBegin) +
          "\"type\":\"scale.changed\",\"service\":\"web\",\"data\":{\"num\":4,\"before\":2}}");
  EXPECT_EQ(RecordOf(kHead, "web", ServiceReport{.what = ServiceReport::What::kRollDone}),
            std::string(kBegin) + "\"type\":\"rollout.done\",\"service\":\"web\"}");
}

TEST(RecordOf, AFactLeavesOutWhatIsEmpty) {
  EXPECT_EQ(
      RecordOf(kHead,
               {.type = EventType::kConfigApplied, .texts = {{"who", ""}}, .numbers = {{"version", 8}}}),
      std::string(kBegin) + "\"type\":\"config.applied\",\"data\":{\"version\":8}}");
  EXPECT_EQ(RecordOf(kHead, {.type = EventType::kAccessRefused, .texts = {{"who", "user \"x\"\n"}}}),
            std::string(kBegin) + "\"type\":\"access.refused\",\"data\":{\"who\":\"user \\\"x\\\"\\n\"}}");
}

// A type for each milestone, and for each condition one of its own.
TEST(TypeOf, IsThereForEverything) {
  for (int i = 0; i <= static_cast<int>(Milestone::kLast); ++i) {
    const core::Record record{.milestone = static_cast<Milestone>(i), .cause = {}};
    EXPECT_TRUE(proto::RowOf(TypeOf(record)).name.starts_with("worker.")) << i;
  }
  EXPECT_EQ(TypeOf(core::Record{.milestone = Milestone::kLost,
                                .cause = core::MakeCause(Cause::Kind::kHeartbeatTimeout)}),
            EventType::kWorkerHung);
  std::set<EventType> types;
  for (const char* word : {"stopped", "starting", "running", "degraded", "crashing", "paused", "reloading",
                           "stopping", "failed", "waiting", "done"})
    EXPECT_TRUE(types.insert(TypeOf(ServiceReport{.condition = word})).second) << word;
  EXPECT_EQ(TypeOf(ServiceReport{.condition = "running"}), EventType::kServiceReady);
}

}  // namespace
}  // namespace fectl::events
