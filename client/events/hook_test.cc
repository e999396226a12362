#include "client/events/hook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace fectl::client {
namespace {

class HookTest : public testing::Test {
 protected:
  HookTest() {
    char name[] = "/tmp/fectl_hook.XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~HookTest() override { std::filesystem::remove_all(folder_); }

  std::string Content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/" + name).rdbuf();
    return text.str();
  }

  // Asks again until the hook is in another state than that it runs. The verdict of the last Proceed().
  static bool AwaitEnd(Hook& hook, int64_t now_ms) {
    for (int tries = 0; tries < 60'000; ++tries) {
      const bool done = hook.Proceed(now_ms);
      if (hook.state() != Hook::State::kRuns) return done;
      poll(nullptr, 0, 1);
    }
    ADD_FAILURE() << "it does not end";
    return false;
  }

  std::string folder_;
};

TEST_F(HookTest, GetsTheEventAndIsDone) {
  Hook hook("cat > " + folder_ + "/got");
  ASSERT_TRUE(hook.Begin("{\"seq\":1}", 0).ok());
  EXPECT_TRUE(AwaitEnd(hook, 0));
  EXPECT_EQ(hook.state(), Hook::State::kIdle);
  EXPECT_EQ(Content("got"), "{\"seq\":1}\n");
}

TEST_F(HookTest, IsTriedAgainUntilItEndsWithZero) {
  Hook hook("cat >> " + folder_ + "/got; test -e " + folder_ + "/mended");
  ASSERT_TRUE(hook.Begin("x", 1000).ok());
  EXPECT_FALSE(AwaitEnd(hook, 1000));
  EXPECT_EQ(hook.state(), Hook::State::kWaits);
  EXPECT_EQ(hook.trouble(), "ended with exit status 1");
  EXPECT_EQ(hook.retry_at_ms(), 2000);
  EXPECT_FALSE(hook.Proceed(1999));
  EXPECT_EQ(hook.state(), Hook::State::kWaits);
  hook.Proceed(2000);
  EXPECT_EQ(hook.state(), Hook::State::kRuns);
  EXPECT_FALSE(AwaitEnd(hook, 2000));
  EXPECT_EQ(hook.retry_at_ms(), 4000);
  std::ofstream(folder_ + "/mended") << "";
  hook.Proceed(4000);
  EXPECT_TRUE(AwaitEnd(hook, 4000));
  EXPECT_EQ(Content("got"), "x\nx\nx\n");
}

TEST_F(HookTest, AnEndReachesTheWholeGroup) {
  // The shell waits for a process of its own, which alone tells that it was reached.
  Hook hook("sh -c 'trap \"echo ended > " + folder_ + "/inner; exit 0\" TERM; echo > " + folder_ +
            "/ready; while :; do sleep 0.01; done' & trap 'wait; exit 3' TERM; wait");
  ASSERT_TRUE(hook.Begin("x", 0).ok());
  for (int tries = 0; tries < 60'000 && Content("ready").empty(); ++tries) poll(nullptr, 0, 1);
  hook.End(/*kill=*/false);
  EXPECT_FALSE(AwaitEnd(hook, 0));
  EXPECT_EQ(Content("inner"), "ended\n");
}

TEST_F(HookTest, OneThatDoesNotEndIsEnded) {
  Hook hook("trap '' TERM; echo > " + folder_ + "/ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(hook.Begin("x", 0).ok());
  for (int tries = 0; tries < 60'000 && Content("ready").empty(); ++tries) poll(nullptr, 0, 1);
  hook.End(/*kill=*/true);
  EXPECT_FALSE(AwaitEnd(hook, 0));
  EXPECT_EQ(hook.trouble(), "was killed by SIGKILL");
}

}  // namespace
}  // namespace fectl::client
