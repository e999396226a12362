#include "worker_sdk/session.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"
#include "worker_sdk/outbox.h"

namespace fectl::internal {
namespace {

using proto::Level;
using State = Session::State;
using Kind = Session::EventKind;
using CommandKind = proto::MasterCommand::Kind;
using WireKind = proto::WorkerMessage::Kind;

std::string Frame(CommandKind kind, std::string json = "") {
  std::string frame;
  EXPECT_TRUE(proto::AppendFrame(proto::EncodeMasterCommand({kind, json}), Level::kBase, &frame).ok());
  return frame;
}

// All events that wait, in a word.
std::string Events(Session& session) {
  std::string words;
  while (auto event = session.NextEvent()) {
    switch (event->kind) {
      case Kind::kStart:
        words += "start ";
        break;
      case Kind::kPause:
        words += "pause ";
        break;
      case Kind::kResume:
        words += "resume ";
        break;
      case Kind::kStop:
        words += "stop ";
        break;
      case Kind::kMasterLost:
        words += "lost ";
        break;
      case Kind::kMessage:
        words += "message:" + event->json + " ";
        break;
    }
  }
  return words;
}

// All that waits in the outbox, decoded.
std::vector<proto::WorkerMessage> Sent(Session& session) {
  std::vector<proto::WorkerMessage> messages;
  proto::FrameReader reader(proto::kBaseFrameBytesMax);
  while (!session.outbox().empty()) {
    const std::string bytes(session.outbox().front());
    reader.Append(bytes);
    session.outbox().Sent(bytes.size());
    auto payload = reader.Next();
    EXPECT_TRUE(payload.ok() && payload->has_value());
    auto message = proto::DecodeWorkerMessage(**payload);
    EXPECT_TRUE(message.ok()) << message.status();
    messages.push_back(*message);
  }
  return messages;
}

std::vector<WireKind> SentKinds(Session& session) {
  std::vector<WireKind> kinds;
  for (const auto& message : Sent(session)) kinds.push_back(message.kind);
  return kinds;
}

class SessionTest : public testing::Test {
 protected:
  void Receive(const std::string& bytes) { ASSERT_TRUE(session_.Received(bytes, 1000).ok()); }
  Session session_{3, 250, 5000};
};

TEST(HeartbeatIntervalTest, IsAQuarterOfTheTimeoutAndAtMostASecond) {
  EXPECT_EQ(HeartbeatIntervalMs(std::nullopt), 1000);
  EXPECT_EQ(HeartbeatIntervalMs(10'000), 1000);
  EXPECT_EQ(HeartbeatIntervalMs(2'000), 500);
  EXPECT_EQ(HeartbeatIntervalMs(0), 10);
}

TEST_F(SessionTest, OrdinaryLife) {
  EXPECT_EQ(session_.state(), State::kLoading);
  EXPECT_FALSE(session_.deadline_ms());
  session_.Loaded(0);
  EXPECT_EQ(session_.state(), State::kLoaded);
  const auto sent = Sent(session_);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].kind, WireKind::kLoaded);
  EXPECT_EQ(sent[0].level, 3);

  Receive(Frame(CommandKind::kStart));
  EXPECT_EQ(session_.state(), State::kLoaded);  // until the application hears of it
  EXPECT_EQ(Events(session_), "start ");
  EXPECT_EQ(session_.state(), State::kServing);
  Receive(Frame(CommandKind::kPause));
  EXPECT_EQ(Events(session_), "pause ");
  EXPECT_EQ(session_.state(), State::kPaused);
  Receive(Frame(CommandKind::kResume));
  EXPECT_EQ(Events(session_), "resume ");
  EXPECT_FALSE(session_.kill_ms());
  Receive(Frame(CommandKind::kStop));
  EXPECT_EQ(session_.kill_ms(), 6000);
  EXPECT_EQ(Events(session_), "stop ");
  EXPECT_EQ(session_.state(), State::kStopping);
}

TEST_F(SessionTest, CommandsGluedTogetherAreAllTakenWithTheStateOfEach) {
  Receive(Frame(CommandKind::kStart) + Frame(CommandKind::kPause) + Frame(CommandKind::kHeartbeat) +
          Frame(CommandKind::kStop));
  ASSERT_EQ(session_.NextEvent()->kind, Kind::kStart);
  EXPECT_EQ(session_.state(), State::kServing);
  ASSERT_EQ(session_.NextEvent()->kind, Kind::kPause);
  EXPECT_EQ(session_.state(), State::kPaused);
  ASSERT_EQ(session_.NextEvent()->kind, Kind::kStop);
  EXPECT_FALSE(session_.NextEvent());
}

TEST_F(SessionTest, CommandsSplitAtEveryByteAreTaken) {
  for (char byte : Frame(CommandKind::kStart) + Frame(CommandKind::kPause)) Receive(std::string(1, byte));
  EXPECT_EQ(Events(session_), "start pause ");
}

TEST_F(SessionTest, StartedWhilePausedIsToldOnlyWhenResumed) {
  Receive(Frame(CommandKind::kPause) + Frame(CommandKind::kStart));
  EXPECT_EQ(Events(session_), "");
  Receive(Frame(CommandKind::kResume));
  EXPECT_EQ(Events(session_), "start ");
}

TEST_F(SessionTest, PausedBeforeStartAndResumedBeforeStart) {
  Receive(Frame(CommandKind::kPause) + Frame(CommandKind::kResume));
  EXPECT_EQ(Events(session_), "");
  Receive(Frame(CommandKind::kStart));
  EXPECT_EQ(Events(session_), "start ");
}

TEST_F(SessionTest, RepeatedCommandsAreToldOnce) {
  Receive(Frame(CommandKind::kStart) + Frame(CommandKind::kStart) + Frame(CommandKind::kResume));
  EXPECT_EQ(Events(session_), "start ");
  Receive(Frame(CommandKind::kPause) + Frame(CommandKind::kPause));
  EXPECT_EQ(Events(session_), "pause ");
  Receive(Frame(CommandKind::kStop) + Frame(CommandKind::kStop));
  EXPECT_EQ(Events(session_), "stop ");
}

TEST_F(SessionTest, NothingIsToldAfterStopButMessages) {
  Receive(Frame(CommandKind::kStop) + Frame(CommandKind::kStart) + Frame(CommandKind::kAppMessage, "[1]") +
          Frame(CommandKind::kResume));
  EXPECT_EQ(Events(session_), "stop message:[1] ");
}

TEST_F(SessionTest, UnknownCommandsAreIgnored) {
  std::string frame;
  ASSERT_TRUE(proto::AppendFrame(R"({"cmd":"tomorrow","data":{"a":[]}})", Level::kBase, &frame).ok());
  Receive(frame + Frame(CommandKind::kStart));
  EXPECT_EQ(Events(session_), "start ");
}

TEST_F(SessionTest, GarbageIsAnError) {
  std::string frame;
  ASSERT_TRUE(proto::AppendFrame("hello", Level::kBase, &frame).ok());
  const absl::Status status = session_.Received(frame, 0);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.ToString().find("hello"), std::string::npos) << status;
}

TEST_F(SessionTest, PrepareIsIgnored) {
  Receive(Frame(CommandKind::kPrepare));
  EXPECT_EQ(Events(session_), "");
  EXPECT_TRUE(session_.outbox().empty());
}

TEST_F(SessionTest, HeartbeatsThatAreHeldAreNotSent) {
  session_.Loaded(0);
  Sent(session_);
  session_.HoldHeartbeats(true, 100);
  session_.HoldHeartbeats(false, 100);
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kHeartbeat}) << "let go, it is heard of at once";
  session_.HoldHeartbeats(false, 100);
  EXPECT_TRUE(Sent(session_).empty());
  session_.HoldHeartbeats(true, 200);
  session_.Tick(50'000);
  session_.Heartbeat(50'000);
  EXPECT_TRUE(Sent(session_).empty());
  EXPECT_GT(session_.deadline_ms(), 50'000) << "nobody waits for the one that is not sent";
  session_.Status("hangs");
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kStatus});
}

TEST_F(SessionTest, HeartbeatsAreDueFromLoadedOn) {
  session_.Tick(10'000);
  session_.Heartbeat(10'000);
  EXPECT_TRUE(session_.outbox().empty());
  session_.Loaded(100);
  session_.Loaded(300);  // once
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kLoaded});
  EXPECT_EQ(session_.deadline_ms(), 350);
  session_.Tick(349);
  EXPECT_TRUE(session_.outbox().empty());
  session_.Tick(350);
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kHeartbeat});
  EXPECT_EQ(session_.deadline_ms(), 600);
  session_.Heartbeat(500);
  EXPECT_EQ(session_.deadline_ms(), 750);
}

TEST_F(SessionTest, HeartbeatsGoOnWhileStopping) {
  session_.Loaded(0);
  Receive(Frame(CommandKind::kStop));
  Events(session_);
  Sent(session_);
  session_.Tick(250);
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kHeartbeat});
}

TEST_F(SessionTest, WhatReadsAnOrderToDumpDoesNotHang) {
  Receive(Frame(CommandKind::kDump) + Frame(CommandKind::kStart));
  EXPECT_EQ(Events(session_), "start ");
}

TEST_F(SessionTest, HeartbeatThatFoundNoRoomIsMadeUpFor) {
  session_.Loaded(0);
  session_.Tick(250);
  session_.Tick(500);
  EXPECT_EQ(session_.deadline_ms(), 750);  // no busy loop while there is no room
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kLoaded});
  session_.OutboxEmptied(600);
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kHeartbeat});
  session_.OutboxEmptied(601);
  EXPECT_TRUE(session_.outbox().empty());
}

TEST_F(SessionTest, GaugesTravelWithTheNextHeartbeatWhenTheyChanged) {
  session_.Loaded(0);
  Sent(session_);
  ASSERT_TRUE(session_.SetGauge("requests", 7).ok());
  ASSERT_TRUE(session_.SetGauge("open", 1.5).ok());
  session_.Tick(250);
  auto sent = Sent(session_);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].gauges, (std::vector<std::pair<std::string, double>>{{"open", 1.5}, {"requests", 7}}));
  ASSERT_TRUE(session_.SetGauge("open", 1.5).ok());
  session_.Tick(500);
  EXPECT_TRUE(Sent(session_)[0].gauges.empty());
  ASSERT_TRUE(session_.SetGauge("open", 2).ok());
  session_.Tick(750);
  EXPECT_EQ(Sent(session_)[0].gauges.size(), 2u);
}

TEST_F(SessionTest, GaugesWhichCannotBeSentAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SetGauge("", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SetGauge("a b", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SetGauge("a", std::numeric_limits<double>::infinity())));
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SetGauge("a", std::numeric_limits<double>::quiet_NaN())));
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(session_.SetGauge("g" + std::to_string(i), i).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(session_.SetGauge("g64", 1)));
  EXPECT_TRUE(session_.SetGauge("g63", 5).ok());
}

TEST_F(SessionTest, EverythingElseIsSaidInItsWords) {
  session_.RequestReload();
  session_.RequestRestart();
  session_.ConfigError("no database");
  session_.Status("warming\xff");
  session_.Stopping("after 1000 requests");
  session_.Lease(0.5, "model load", 3);
  ASSERT_TRUE(session_.SendMessage(R"({"a": 1})").ok());
  const auto sent = Sent(session_);
  ASSERT_EQ(sent.size(), 7u);
  EXPECT_EQ(sent[0].kind, WireKind::kReload);
  EXPECT_EQ(sent[1].kind, WireKind::kRestart);
  EXPECT_EQ(sent[2].kind, WireKind::kConfigError);
  EXPECT_EQ(sent[2].text, "no database");
  EXPECT_EQ(sent[3].text, "warming\xEF\xBF\xBD");
  EXPECT_EQ(sent[4].kind, WireKind::kStopping);
  EXPECT_EQ(sent[4].text, "after 1000 requests");
  EXPECT_EQ(sent[5].kind, WireKind::kLease);
  EXPECT_EQ(sent[5].text, "model load");
  EXPECT_EQ(sent[5].seconds, 0.5);
  EXPECT_EQ(sent[5].progress, 3);
  EXPECT_EQ(sent[6].kind, WireKind::kAppMessage);
  EXPECT_EQ(sent[6].text, R"({"a": 1})");
}

TEST_F(SessionTest, TheEndOfALeaseReplacesOneThatWasNotSent) {
  session_.Lease(60, "model load", 0);
  session_.Lease(0, "", 0);
  const auto sent = Sent(session_);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].seconds, 0);
}

TEST(LevelTwoSessionTest, HasNoLeases) {
  Session session(2, 1000, 30'000);
  session.Lease(60, "model load", 0);
  EXPECT_TRUE(session.outbox().empty());
  session.Status("hello");
  EXPECT_EQ(SentKinds(session), std::vector{WireKind::kStatus});
}

TEST_F(SessionTest, MessagesWhichCannotBeSentAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SendMessage("{")));
  EXPECT_TRUE(absl::IsInvalidArgument(session_.SendMessage("\"" + std::string(61 * 1024, 'x') + "\"")));
  const std::string large = "\"" + std::string(60 * 1024 - 2, 'x') + "\"";
  int taken = 0;
  absl::Status status;
  while ((status = session_.SendMessage(large)).ok()) ++taken;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(taken, 4);
  EXPECT_EQ(Sent(session_).size(), 4u);
}

TEST_F(SessionTest, LongTextsAreCutAndStillFitAFrame) {
  session_.ConfigError(std::string(1'000'000, '\x01'));
  const auto sent = Sent(session_);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].text.size(), proto::kTextBytesMax);
}

TEST(BaseLevelSessionTest, SaysNothingThatAnOldMasterDoesNotKnow) {
  Session session(1, 1000, 30'000);
  session.Loaded(0);
  session.Status("hello");
  session.Lease(60, "model load", 0);
  EXPECT_TRUE(session.SetGauge("a", 1).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(session.SendMessage("1")));
  auto sent = Sent(session);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].level, 1);
  session.Tick(1000);
  EXPECT_TRUE(Sent(session)[0].gauges.empty());
  session.Stopping("after 1000 requests");
  EXPECT_EQ(SentKinds(session), std::vector{WireKind::kReload});
  session.Terminated(2000);
  EXPECT_TRUE(session.outbox().empty());
  EXPECT_EQ(Events(session), "stop ");
}

TEST_F(SessionTest, SigtermWithoutStopIsAStopOnPurpose) {
  session_.Terminated(100);
  EXPECT_EQ(SentKinds(session_), std::vector{WireKind::kStopping});
  EXPECT_EQ(session_.kill_ms(), 5100);
  EXPECT_EQ(Events(session_), "stop ");
  Receive(Frame(CommandKind::kStop));
  EXPECT_EQ(Events(session_), "");
  EXPECT_EQ(session_.kill_ms(), 5100);
}

TEST_F(SessionTest, SigtermAfterStopSaysNothing) {
  Receive(Frame(CommandKind::kStop));
  session_.Terminated(1001);
  EXPECT_TRUE(session_.outbox().empty());
  EXPECT_EQ(Events(session_), "stop ");
}

TEST_F(SessionTest, LossComesAfterWhatWasReceivedBefore) {
  session_.Loaded(0);
  Receive(Frame(CommandKind::kStart));
  session_.Lost(2000);
  session_.Lost(2001);
  EXPECT_EQ(Events(session_), "start lost ");
  EXPECT_TRUE(session_.lost());
  EXPECT_FALSE(session_.deadline_ms());
  EXPECT_TRUE(session_.outbox().empty());
  EXPECT_EQ(session_.state(), State::kServing);
  EXPECT_TRUE(session_.StopForLoss());
  EXPECT_EQ(session_.state(), State::kStopping);
  EXPECT_EQ(session_.kill_ms(), 7000);
}

TEST_F(SessionTest, LossWhileStoppingIsNoSecondStop) {
  Receive(Frame(CommandKind::kStop));
  session_.Lost(2000);
  EXPECT_EQ(Events(session_), "stop lost ");
  EXPECT_FALSE(session_.StopForLoss());
  EXPECT_EQ(session_.kill_ms(), 6000);
}

TEST_F(SessionTest, NothingIsSaidToALostMaster) {
  session_.Lost(0);
  session_.Loaded(1);
  session_.Heartbeat(2);
  session_.Status("x");
  session_.RequestReload();
  session_.ConfigError("x");
  EXPECT_TRUE(absl::IsFailedPrecondition(session_.SendMessage("1")));
  EXPECT_TRUE(session_.outbox().empty());
}

}  // namespace
}  // namespace fectl::internal
