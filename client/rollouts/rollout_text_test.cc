#include "client/rollouts/rollout_text.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

constexpr int64_t kMebi = 1 << 20;

TEST(VerdictText, TellsOfThoseThatLoadedAndThoseThatWereLost) {
  const proto::RolloutView rollout{
      .outcome = "rolled back",
      .workers = {{.worker = 1, .pid = 11, .load_s = 1.9, .rss = 112 * kMebi, .old_rss = 96 * kMebi},
                  {.worker = 2, .pid = 12, .load_s = 2, .rss = 118 * kMebi, .old_rss = 96 * kMebi},
                  {.worker = 3, .pid = 13, .end = "exited with code 1"},
                  {.worker = 4, .pid = 14, .load_s = 1.9, .rss = 112 * kMebi, .old_rss = 97 * kMebi}}};
  EXPECT_EQ(VerdictText(rollout, "ModuleNotFoundError: \x1b[1m\n"),
            "  worker 3 (pid 13) exited with code 1, before it was loaded\n"
            "  | ModuleNotFoundError: \\x1b[1m\n"
            "  workers 1, 2, 4 loaded in 1.9 s to 2.0 s, 112 MiB to 118 MiB (before: 96 MiB to 97 MiB)\n");
}

TEST(VerdictText, RunsOfNumbersAreShort) {
  proto::RolloutView rollout;
  for (const int worker : {3, 1, 2, 5}) rollout.workers.push_back({.worker = worker, .load_s = 0.4});
  EXPECT_EQ(VerdictText(rollout, ""), "  workers 1-3, 5 loaded in 400 ms\n");
}

TEST(RolloutText, TellsWhatItWaitsFor) {
  EXPECT_EQ(RolloutText("web", {}), "web: no rollout since fectld was started\n");
  proto::RolloutView rollout{
      .outcome = "under way", .stage = "baking", .left_s = 41, .took_s = 20, .num = 4, .new_workers = 4};
  EXPECT_EQ(RolloutText("web", rollout),
            "web: a rollout is under way: 4 of 4, all new workers serve, the old ones are kept, 41 s left "
            "(20 s so far)\n");
  rollout = {.outcome = "rolled back", .took_s = 6, .back_s = 0.4, .words = "worker(1) hung"};
  EXPECT_EQ(RolloutText("web", rollout),
            "web: the newest rollout: rolled back after 6.0 s, back in 400 ms: "
            "worker(1) hung\n");
}

TEST(RolloutJson, HasTheMembers) {
  EXPECT_EQ(RolloutJson("web", {.outcome = "done", .num = 1}),
            "{\"service\":\"web\",\"outcome\":\"done\",\"num\":1,\"workers\":[]}\n");
}

}  // namespace
}  // namespace fectl::client
