#include "worker_sdk/drain/lifetime.h"

#include "gtest/gtest.h"

namespace fectl::drain {
namespace {

using Phase = Lifetime::Phase;

// Accepted at 100 ms.
class LifetimeTest : public testing::Test {
 protected:
  void Answered(int64_t now_ms) {
    life_.Received(10, now_ms);
    life_.HeadComplete(now_ms);
    life_.BodyComplete(now_ms);
    life_.AnswerDone(/*begun=*/false, now_ms);
  }
  Limits limits_;
  Lifetime life_{limits_, 100};
};

TEST_F(LifetimeTest, NO_LIMIT_NothingSent) {
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 100 + 30'000);
  limits_.header_timeout_ms = 0;
  EXPECT_EQ(life_.deadline_ms(std::nullopt), kNever);
}

TEST_F(LifetimeTest, NO_LIMIT_HalfAHeadFromItsFirstByte) {
  life_.Received(1, 5'000);
  life_.Received(1, 9'000);
  EXPECT_EQ(life_.phase(), Phase::kHead);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 5'000 + 30'000);
}

TEST_F(LifetimeTest, NO_LIMIT_HalfABodyAndASecondMoreForEach500Bytes) {
  life_.Received(100, 5'000);
  life_.HeadComplete(6'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 6'000 + 60'000);
  life_.Received(5'000, 7'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 6'000 + 60'000 + 10'000);
  limits_.request_timeout_ms = 0;
  EXPECT_EQ(life_.deadline_ms(std::nullopt), kNever);
}

TEST_F(LifetimeTest, NO_LIMIT_ClientThatTakesNothingOfItsAnswer) {
  life_.Received(100, 5'000);
  life_.HeadComplete(5'000);
  life_.BodyComplete(5'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), kNever) << "the application may take its time";
  life_.Sent(0, /*blocked=*/true, 6'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 6'000 + 60'000);
  life_.Sent(0, /*blocked=*/true, 8'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 6'000 + 60'000) << "no progress";
  life_.Sent(1, /*blocked=*/true, 9'000);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 9'000 + 60'000);
  life_.Sent(1, /*blocked=*/false, 9'500);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), kNever);
}

TEST_F(LifetimeTest, NO_LIMIT_IdleAfterAnAnswer) {
  Answered(5'000);
  EXPECT_TRUE(life_.idle());
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 5'000 + 75'000);
}

TEST_F(LifetimeTest, NO_LIMIT_Handshake) {
  life_.HandshakeBegins(200);
  EXPECT_EQ(life_.deadline_ms(1'000), 200 + 15'000);
  life_.HandshakeDone(300);
  EXPECT_EQ(life_.deadline_ms(std::nullopt), 300 + 30'000);
}

TEST_F(LifetimeTest, DrainClosesIdleConnectionsAfterLinger) {
  Answered(5'000);
  EXPECT_EQ(life_.deadline_ms(5'500), 7'000);
}

TEST_F(LifetimeTest, DrainGivesALongIdleConnectionHalfASecond) {
  Answered(5'000);
  EXPECT_EQ(life_.deadline_ms(20'000), 20'500);
  limits_.linger_ms = 200;
  EXPECT_EQ(life_.deadline_ms(20'000), 20'200);
}

TEST_F(LifetimeTest, DrainClosesAFreshConnectionAfterLingerToo) {
  EXPECT_EQ(life_.deadline_ms(200), 2'100);
}

TEST_F(LifetimeTest, PART_OF_NEXT_IsAnOpenRequest) {
  life_.Received(100, 5'000);
  life_.HeadComplete(5'000);
  life_.BodyComplete(5'000);
  life_.AnswerDone(/*begun=*/true, 6'000);
  EXPECT_EQ(life_.phase(), Phase::kHead);
  EXPECT_EQ(life_.deadline_ms(6'000), 6'000 + 30'000);
}

TEST_F(LifetimeTest, UpgradedHasNoLimits) {
  life_.Upgraded(200);
  life_.Received(100, 300);
  EXPECT_EQ(life_.phase(), Phase::kUpgraded);
  EXPECT_EQ(life_.deadline_ms(400), kNever);
}

TEST(CutOffTest, WORDS_OF_CUT_ByKind) {
  CutOff cut;
  EXPECT_EQ(cut.InWords(), "");
  cut.Count(Phase::kIdle);
  EXPECT_EQ(cut.InWords(), "");
  cut.Count(Phase::kHead);
  EXPECT_EQ(cut.InWords(), "1 unfinished head was cut off");
  cut.Count(Phase::kBody);
  cut.Count(Phase::kAnswer);
  cut.Count(Phase::kUpgraded);
  cut.Count(Phase::kHandshake);
  EXPECT_EQ(cut.InWords(), "2 answers, 1 unfinished head, 1 websocket, 1 handshake were cut off");
}

}  // namespace
}  // namespace fectl::drain
