#include "client/why/why_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

proto::WhyView View() {
  return {.service = "web",
          .worker = 2,
          .state = "waiting",
          .since_at = 1'700'000'000,
          .since_s = 12.25,
          .what = "Worker 2 of web has no process: it waits for its next attempt.",
          .because = "It exited with code 3, after it had served for 2 s. That was the 3rd loss in a row.",
          .next = "It is started again in 1.2 s.",
          .change = "fectl restart 'web[2]' starts it now."};
}

TEST(WhyText, IsOneAnswer) {
  EXPECT_EQ(WhyText(View()),
            "Worker 2 of web has no process: it waits for its next attempt.\n"
            "  since    2023-11-14T22:13:20Z, for 12 s\n"
            "  because  It exited with code 3, after it had served for 2 s. That was the 3rd\n"
            "           loss in a row.\n"
            "  next     It is started again in 1.2 s.\n"
            "  change   fectl restart 'web[2]' starts it now.\n");
}

TEST(WhyText, LeavesOutWhatNobodyKnows) {
  EXPECT_EQ(WhyText({.service = "web", .what = "web is stopped."}), "web is stopped.\n");
  proto::WhyView view{.since_at = 1, .what = "web runs."};
  view.since_s = 7384;
  EXPECT_EQ(WhyText(view), "web runs.\n  since    1970-01-01T00:00:01Z, for 2h3m\n");
}

TEST(WhyText, AWordThatIsTooLongStandsAlone) {
  const std::string text = WhyText({.what = "x", .because = "a " + std::string(90, 'b') + " c"});
  EXPECT_EQ(text, "x\n  because  a\n           " + std::string(90, 'b') + "\n           c\n");
}

TEST(WhyText, IsSafeForATerminal) {
  EXPECT_THAT(WhyText({.what = "\033[31m", .because = "\033]0;x"}), testing::Not(testing::HasSubstr("\033")));
}

TEST(WhyJson, HasTheMembers) {
  EXPECT_EQ(
      WhyJson(View()),
      "{\"service\":\"web\",\"worker\":2,\"state\":\"waiting\",\"since_at\":1700000000,\"since_s\":12.25,"
      "\"what\":\"Worker 2 of web has no process: it waits for its next attempt.\","
      "\"because\":\"It exited with code 3, after it had served for 2 s. That was the 3rd loss in a row.\","
      "\"next\":\"It is started again in 1.2 s.\",\"change\":\"fectl restart 'web[2]' starts it now.\"}\n");
}

}  // namespace
}  // namespace fectl::client
