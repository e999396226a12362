#include "worker_sdk/run/conduct.h"

#include "gtest/gtest.h"

namespace fectl::run {
namespace {

using Kind = proto::ProgramSign::Kind;

Conduct Make(const char* ready, const char* watchdog = "none") {
  return Conduct(*proto::ParseReady(ready), *proto::ParseWatchdog(watchdog));
}

TEST(Ready, ByNotification) {
  Conduct conduct = Make("notify");
  conduct.Started(0);
  EXPECT_EQ(conduct.status(), "waits for READY=1");
  EXPECT_EQ(conduct.deadline_ms(), std::nullopt);
  conduct.Notified({.status = "warming up"}, 5);
  EXPECT_FALSE(conduct.ready());
  EXPECT_EQ(conduct.status(), "waits for READY=1: warming up");
  conduct.LineSeen(6);
  EXPECT_FALSE(conduct.ready());
  conduct.Notified({.ready = true, .status = ""}, 7);
  EXPECT_TRUE(conduct.ready());
  EXPECT_EQ(conduct.status(), "unwatched");
}

TEST(Ready, ByALine) {
  Conduct conduct = Make("log:up");
  conduct.Started(0);
  EXPECT_EQ(conduct.status(), "waits for a line with \"up\"");
  conduct.Notified({.ready = true}, 1);  // said by gunicorn before any application is loaded
  EXPECT_FALSE(conduct.ready());
  conduct.LineSeen(2);
  EXPECT_TRUE(conduct.ready());
}

TEST(Ready, BySomeTimeWithoutAnEnd) {
  Conduct conduct = Make("after:2");
  conduct.TimePassed(100'000);
  EXPECT_FALSE(conduct.ready()) << "the time counts from the start of the program";
  conduct.Started(100'000);
  EXPECT_EQ(conduct.deadline_ms(), 102'000);
  EXPECT_EQ(conduct.status(), "waits for 2 s without an end");
  conduct.TimePassed(101'999);
  EXPECT_FALSE(conduct.ready());
  conduct.TimePassed(102'000);
  EXPECT_TRUE(conduct.ready());
  EXPECT_EQ(conduct.deadline_ms(), std::nullopt);
}

TEST(Ready, ByAProbeThatIsRepeated) {
  Conduct conduct = Make("http:/h");
  EXPECT_FALSE(conduct.DueProbe(0).has_value());
  conduct.Started(10);
  const auto first = conduct.DueProbe(10);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->sign.text, "/h");
  EXPECT_EQ(first->limit_ms, kReadyProbeMs);
  EXPECT_FALSE(conduct.DueProbe(1'000).has_value()) << "one at a time";
  conduct.Probed(false, "answered 503", 1'000);
  EXPECT_EQ(conduct.status(), "waits for GET /h, which answered 503");
  EXPECT_EQ(conduct.deadline_ms(), 1'000 + kReadyPauseMs);
  EXPECT_FALSE(conduct.DueProbe(1'000 + kReadyPauseMs - 1).has_value());
  ASSERT_TRUE(conduct.DueProbe(1'000 + kReadyPauseMs).has_value());
  conduct.Probed(true, "", 1'200);
  EXPECT_TRUE(conduct.ready());
  EXPECT_FALSE(conduct.DueProbe(100'000).has_value());
}

TEST(Watchdog, WithoutOneItBeatsAndSaysThatItIsUnwatched) {
  Conduct conduct = Make("notify");
  conduct.Started(0);
  conduct.Notified({.ready = true, .status = "serving"}, 0);
  conduct.TimePassed(1'000'000'000);
  EXPECT_TRUE(conduct.beats());
  EXPECT_EQ(conduct.status(), "serving, unwatched");
}

TEST(Watchdog, BeatsAreHeldWhileTheProgramIsSilent) {
  Conduct conduct = Make("notify", "notify=5");
  conduct.Started(0);
  conduct.TimePassed(60'000);
  EXPECT_TRUE(conduct.beats()) << "nothing is expected before it is ready";
  conduct.Notified({.ready = true}, 60'000);
  EXPECT_EQ(conduct.deadline_ms(), 65'000);
  conduct.Notified({.watchdog = true}, 63'000);
  conduct.TimePassed(67'999);
  EXPECT_TRUE(conduct.beats());
  EXPECT_EQ(conduct.status(), "");
  conduct.TimePassed(68'000);
  EXPECT_FALSE(conduct.beats());
  EXPECT_EQ(conduct.status(), "hangs: no WATCHDOG=1 for 5 s");
  EXPECT_EQ(conduct.deadline_ms(), std::nullopt);
  conduct.Notified({.watchdog = true}, 70'000);
  EXPECT_TRUE(conduct.beats());
  EXPECT_EQ(conduct.deadline_ms(), 75'000);
}

TEST(Watchdog, TriggerIsAHangAtOnce) {
  Conduct conduct = Make("notify", "notify=5");
  conduct.Started(0);
  conduct.Notified({.ready = true}, 0);
  conduct.Notified({.watchdog_trigger = true}, 1);
  EXPECT_FALSE(conduct.beats());
}

TEST(Watchdog, AnExtensionIsMoreTime) {
  Conduct conduct = Make("notify", "notify=5");
  conduct.Started(0);
  conduct.Notified({.ready = true}, 0);
  conduct.Notified({.extend_ms = 60'000}, 1'000);
  EXPECT_EQ(conduct.deadline_ms(), 61'000);
  conduct.Notified({.watchdog = true}, 2'000);
  EXPECT_EQ(conduct.deadline_ms(), 61'000) << "a sign of life takes nothing of it away";
  conduct.TimePassed(61'000);
  EXPECT_FALSE(conduct.beats());
}

TEST(Watchdog, ProbesComeFourTimesInTheirLimit) {
  Conduct conduct = Make("after:1", "http:/h=4");
  conduct.Started(0);
  conduct.TimePassed(1'000);
  ASSERT_TRUE(conduct.ready());
  EXPECT_EQ(conduct.deadline_ms(), 2'000);
  const auto probe = conduct.DueProbe(2'000);
  ASSERT_TRUE(probe.has_value());
  EXPECT_EQ(probe->limit_ms, 4'000);
  EXPECT_EQ(conduct.deadline_ms(), 5'000) << "silence counts from the moment in which it was ready";
  conduct.Probed(true, "", 2'100);
  EXPECT_EQ(conduct.deadline_ms(), 3'100);
  ASSERT_TRUE(conduct.DueProbe(3'100).has_value());
  conduct.Probed(false, "answered 500", 3'200);
  conduct.TimePassed(6'099);
  EXPECT_TRUE(conduct.beats());
  conduct.TimePassed(6'100);
  EXPECT_FALSE(conduct.beats());
  EXPECT_EQ(conduct.status(), "hangs: no good answer to GET /h for 4 s; it answered 500");
  ASSERT_TRUE(conduct.DueProbe(6'100).has_value()) << "it is asked on";
  conduct.Probed(true, "", 6'200);
  EXPECT_TRUE(conduct.beats());
}

TEST(Watchdog, ReadyAndWatchedByProbes) {
  Conduct conduct = Make("exec:check", "http:/h=4");
  conduct.Started(0);
  EXPECT_EQ(conduct.DueProbe(0)->sign.kind, Kind::kExec);
  conduct.Probed(true, "", 50);
  EXPECT_FALSE(conduct.DueProbe(1'049).has_value());
  EXPECT_EQ(conduct.DueProbe(1'050)->sign.kind, Kind::kHttp);
}

TEST(Watchdog, NobodyIsJudgedWhileLeaving) {
  Conduct conduct = Make("notify", "http:/h=4");
  conduct.Started(0);
  conduct.Notified({.ready = true}, 0);
  conduct.Stops();
  conduct.TimePassed(1'000'000);
  EXPECT_TRUE(conduct.beats());
  EXPECT_FALSE(conduct.DueProbe(1'000'000).has_value());
  EXPECT_EQ(conduct.deadline_ms(), std::nullopt);
  EXPECT_EQ(conduct.status(), "stopping");
}

TEST(Words, ReloadingPausedAndLeaving) {
  Conduct conduct = Make("notify", "notify=5");
  conduct.Started(0);
  conduct.Notified({.stopping = true}, 0);
  EXPECT_FALSE(conduct.leaves()) << "who is not ready leaves by ending";
  conduct.Notified({.ready = true, .status = "serving"}, 0);
  conduct.Notified({.reloading = true}, 0);
  EXPECT_EQ(conduct.status(), "reloading");
  conduct.Notified({.ready = true}, 0);
  EXPECT_EQ(conduct.status(), "serving");
  conduct.Paused(true);
  EXPECT_EQ(conduct.status(), "serving, cannot be paused: goes on serving");
  conduct.Paused(false);
  conduct.Notified({.stopping = true}, 0);
  EXPECT_TRUE(conduct.leaves());
}

}  // namespace
}  // namespace fectl::run
