#include "proto_spec/base_status.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::HasSubstr;

using Kind = BaseReason::Kind;

// The first and last of each enum, so that the tests reach every value.
constexpr int kReasonCount = static_cast<int>(Kind::kExitCode) + 1;
constexpr int kStateCount = static_cast<int>(BaseState::kReloadFailed) + 1;
constexpr int kServiceStateCount = static_cast<int>(BaseServiceState::kStopping) + 1;

BaseServiceStatus Large(int workers, int events, int64_t first_timestamp = 1'700'000'000) {
  BaseServiceStatus status{.state = BaseServiceState::kRunning, .workers = {}};
  for (int worker = 0; worker < workers; ++worker) {
    status.workers.push_back({.index = worker + 1, .events = {}});
    for (int event = 0; event < events; ++event) {
      status.workers.back().events.push_back(
          {.state = BaseState::kRunning,
           .reason = {.kind = Kind::kWorkerError, .number = 0, .text = "x"},
           .timestamp = first_timestamp + event,
           .pid = 1000 + worker});
    }
  }
  return status;
}

TEST(BaseStatusTest, EveryStateAndReasonHasItsOwnWord) {
  for (int i = 0; i < kStateCount; ++i) {
    const auto state = static_cast<BaseState>(i);
    EXPECT_EQ(StateFromWire(WireWord(state)), state);
  }
  for (int i = 0; i < kServiceStateCount; ++i) {
    const auto state = static_cast<BaseServiceState>(i);
    EXPECT_EQ(ServiceStateFromWire(WireWord(state)), state);
  }
  EXPECT_EQ(StateFromWire("running"), std::nullopt);
  EXPECT_EQ(ServiceStateFromWire("Running"), std::nullopt);
  EXPECT_EQ(WireWord(Kind::kRestoreAfterFailed), "RestoreAftreFailed");
  EXPECT_EQ(WireWord(Kind::kReloadAfterTimeout), "ReloadAftreTimeout");
}

TEST(BaseStatusTest, EveryReasonSurvivesTheWire) {
  BaseServiceStatus status{.state = BaseServiceState::kFailed, .workers = {{.index = 1, .events = {}}}};
  for (int i = 0; i < kReasonCount; ++i) {
    BaseReason reason{.kind = static_cast<Kind>(i), .number = 0, .text = ""};
    if (reason.kind == Kind::kSignal || reason.kind == Kind::kExitCode) reason.number = 9;
    if (reason.kind == Kind::kWorkerError || reason.kind == Kind::kFailedToStart) reason.text = "w\"\n";
    status.workers[0].events.push_back({BaseState::kFailed, reason, 1, i});
  }
  const absl::StatusOr<BaseServiceStatus> decoded = DecodeServiceStatus(EncodeServiceStatus(status));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, status);
}

TEST(BaseStatusTest, ReasonsOnTheWire) {
  EXPECT_EQ(EncodeReason({Kind::kNone, 0, ""}), R"("None")");
  EXPECT_EQ(EncodeReason({Kind::kSignal, 9, ""}), R"({"Signal":9})");
  EXPECT_EQ(EncodeReason({Kind::kWorkerError, 0, "no"}), R"({"WorkerError":"no"})");
  EXPECT_EQ(EncodeReason({Kind::kFailedToStart, 0, "no"}), R"({"FailedToStart":"no"})");
  EXPECT_EQ(EncodeReason({Kind::kFailedToStart, 0, ""}), R"({"FailedToStart":null})");
}

TEST(BaseStatusTest, ExitCodesHaveEightBitsWithASignOnTheWire) {
  EXPECT_EQ(EncodeReason({Kind::kExitCode, 100, ""}), R"({"ExitCode":100})");
  EXPECT_EQ(EncodeReason({Kind::kExitCode, 255, ""}), R"({"ExitCode":-1})");
  const auto status = DecodeServiceStatus(
      R"j(["failed",[["worker(1)",[{"state":"Failed","reason":{"ExitCode":-56},"timestamp":1,"pid":null}]]]])j");
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->workers[0].events[0].reason.number, 200);
}

TEST(BaseStatusTest, UnknownReasonsAreKeptForPeople) {
  const auto reason = [](const std::string& json) {
    const auto status = DecodeServiceStatus(R"j(["failed",[["worker(1)",[{"state":"Failed","reason":)j" +
                                            json + R"j(,"timestamp":1,"pid":"7"}]]]])j");
    return status.ok() ? InWords(status->workers[0].events[0].reason)
                       : std::string(status.status().message());
  };
  EXPECT_EQ(reason(R"("Eclipse")"), "Eclipse");
  EXPECT_EQ(reason(R"({"Eclipse":"of the sun"})"), "Eclipse: of the sun");
  EXPECT_EQ(reason(R"({"Eclipse":3})"), "Eclipse 3");
  EXPECT_EQ(reason(R"("Signal")"), "Signal");
  EXPECT_THAT(reason("1"), HasSubstr("neither a word nor an object"));
  EXPECT_THAT(reason("{}"), HasSubstr("neither a word nor an object"));
}

TEST(BaseStatusTest, ReasonsInWords) {
  EXPECT_EQ(InWords({Kind::kNone, 0, ""}), "");
  EXPECT_EQ(InWords({Kind::kSignal, 9, ""}), "killed by signal 9");
  EXPECT_EQ(InWords({Kind::kExitCode, 3, ""}), "exit code 3");
  EXPECT_EQ(InWords({Kind::kWorkerError, 0, "no database"}), "no database");
  EXPECT_EQ(InWords({Kind::kFailedToStart, 0, "no such file"}), "failed to start: no such file");
  EXPECT_EQ(InWords({Kind::kFailedToStart, 0, ""}), "failed to start");
  EXPECT_EQ(InWords({Kind::kHeartbeatFailed, 0, ""}), "no heartbeat in time");
}

TEST(BaseStatusTest, RefusesWhatIsNoStatus) {
  for (std::string_view data :
       {"",
        "1",
        "{}",
        "[]",
        R"j(["running"])j",
        R"j(["running",{}])j",
        R"j([1,[]])j",
        R"j(["Running",[]])j",
        R"j(["running",[1]])j",
        R"j(["running",[["worker(1)"]]])j",
        R"j(["running",[["web",[]]]])j",
        R"j(["running",[["worker(x)",[]]]])j",
        R"j(["running",[["worker()",[]]]])j",
        R"j(["running",[["worker(1)",{}]]])j",
        R"j(["running",[["worker(1)",[1]]]])j",
        R"j(["running",[["worker(9999999999)",[]]]])j",
        R"j(["running",[["worker(1)",[{"state":"Odd","reason":"None","timestamp":1,"pid":null}]]]])j",
        R"j(["running",[["worker(1)",[{"state":"Running","timestamp":1,"pid":null}]]]])j",
        R"j(["running",[["worker(1)",[{"state":"Running","reason":"None","timestamp":1.5,"pid":null}]]]])j",
        R"j(["running",[["worker(1)",[{"state":"Running","reason":"None","timestamp":1,"pid":5}]]]])j",
        R"j(["running",[["worker(1)",[{"state":"Running","reason":"None","timestamp":1,"pid":"x"}]]]])j"}) {
    EXPECT_EQ(DecodeServiceStatus(data).status().code(), absl::StatusCode::kInvalidArgument) << data;
  }
}

TEST(ShortenTest, WhatFitsIsLeftAlone) {
  const BaseServiceStatus status = Large(3, 5);
  EXPECT_EQ(EncodeServiceStatus(status, 65535), EncodeServiceStatus(status));
}

TEST(ShortenTest, NeverExceedsTheLimitAndIsNeverTorn) {
  const BaseServiceStatus status = Large(20, 50);
  for (size_t limit : {64, 65, 100, 1000, 1001, 1002, 5000, 20000, 65535, 100000}) {
    const std::string json = EncodeServiceStatus(status, limit);
    EXPECT_LE(json.size(), limit);
    EXPECT_TRUE(DecodeServiceStatus(json).ok());
  }
}

TEST(ShortenTest, LeavesOutTheOldestOfAllWorkersFirst) {
  BaseServiceStatus status = Large(2, 10);
  // The second worker's events are all older than the first one's.
  for (BaseEvent& event : status.workers[1].events) event.timestamp -= 1000;
  const size_t all = EncodeServiceStatus(status).size();
  const auto shorter = DecodeServiceStatus(EncodeServiceStatus(status, all - all / 4));
  ASSERT_TRUE(shorter.ok());
  EXPECT_EQ(shorter->workers[0].events.size(), 10u);
  ASSERT_LT(shorter->workers[1].events.size(), 10u);
  ASSERT_GT(shorter->workers[1].events.size(), 0u);
  EXPECT_EQ(shorter->workers[1].events.back(), status.workers[1].events.back());
}

TEST(ShortenTest, KeepsAnEndOfEachListEvenIfTheWallClockWasSetBack) {
  BaseServiceStatus status = Large(1, 20);
  for (size_t i = 10; i < 20; ++i) status.workers[0].events[i].timestamp = static_cast<int64_t>(i);
  const auto shorter = DecodeServiceStatus(EncodeServiceStatus(status, 1000));
  ASSERT_TRUE(shorter.ok());
  const auto& kept = shorter->workers[0].events;
  ASSERT_GT(kept.size(), 2u);
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], status.workers[0].events[20 - kept.size() + i]);
}

TEST(ShortenTest, UsesTheRoomThatThereIs) {
  const std::string json = EncodeServiceStatus(Large(50, 50), 65535);
  EXPECT_LE(json.size(), 65535u);
  EXPECT_GT(json.size(), 65000u);
}

TEST(ShortenTest, ThousandsOfWorkersLoseTheLastOnes) {
  const auto shorter = DecodeServiceStatus(EncodeServiceStatus(Large(10000, 1), 65535));
  ASSERT_TRUE(shorter.ok());
  ASSERT_GT(shorter->workers.size(), 2500u);
  EXPECT_LT(shorter->workers.size(), 10000u);
  EXPECT_EQ(shorter->workers.back().index, static_cast<int>(shorter->workers.size()));
}

}  // namespace
}  // namespace fectl::proto
