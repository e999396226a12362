#include "master/evidence/culprit.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace fectl::evidence {
namespace {

Frame Of(std::string function, std::string module, std::string file = "", int line = 0) {
  Frame frame{
      .function = std::move(function), .file = std::move(file), .line = line, .module = std::move(module)};
  frame.library = IsSystemCode(frame);
  return frame;
}

Findings With(std::vector<Frame> frames) {
  Thread first{.id = 7, .state = 'S', .waits_in = "futex_wait"};
  first.frames = std::move(frames);
  return {.threads = {first}};
}

TEST(WhereItHangs, IsTheInnermostFunctionThatIsNotTheSystems) {
  EXPECT_EQ(
      WhereItHangs(With({Of("__lll_lock_wait", "/lib/x86_64-linux-gnu/libc.so.6"),
                         Of("std::mutex::lock", "/opt/app", "/usr/include/c++/12/bits/std_mutex.h", 100),
                         Of("shop::Store", "/opt/app", "/src/shop/store.cc", 88), Of("main", "/opt/app")})),
      "hung in `shop::Store` store.cc:88");
  EXPECT_EQ(WhereItHangs(With({Of("Spin", "/opt/app")})), "hung in `Spin`");
}

TEST(WhereItHangs, WithoutAFunctionOfTheApplicationItIsTheSystems) {
  EXPECT_EQ(WhereItHangs(With({Of("", "/opt/stripped"), Of("read", "/lib/libc.so.6")})), "hung in `read`");
}

TEST(WhereItHangs, WithoutAStackItIsWhatTheKernelSays) {
  EXPECT_EQ(WhereItHangs({}), "hung");
  Findings findings = With({});
  EXPECT_EQ(WhereItHangs(findings), "hung, waiting in the kernel (futex_wait)");
  findings.threads[0].busy_percent = 99.6;
  EXPECT_EQ(WhereItHangs(findings), "hung, busy at 100 %");
  findings.threads[0] = {.id = 7, .state = 'T'};
  EXPECT_EQ(WhereItHangs(findings), "hung, stopped by a signal");
  findings.threads[0].state = 'S';
  EXPECT_EQ(WhereItHangs(findings), "hung, waiting");
  findings.threads[0].state = 'R';
  EXPECT_EQ(WhereItHangs(findings), "hung");
}

TEST(WhereItHangs, IsOfTheFirstThread) {
  Findings findings = With({Of("Serve", "/opt/app")});
  findings.threads.push_back({.id = 8, .frames = {Of("Other", "/opt/app")}});
  EXPECT_EQ(WhereItHangs(findings), "hung in `Serve`");
}

}  // namespace
}  // namespace fectl::evidence
