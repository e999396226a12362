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

Frame Own(std::string function) {
  return {.function = std::move(function), .file = "/srv/shop/db.py", .line = 88};
}

Frame Library(std::string function, std::string file = "/usr/lib/python3.11/x.py") {
  return {.function = std::move(function), .file = std::move(file), .line = 1, .library = true};
}

Findings Python(std::vector<PythonStack> stacks) {
  Findings findings =
      With({Of("__futex_wait", "/lib/libc.so.6"), Of("_PyEval_EvalFrame", "/usr/bin/python3")});
  findings.python = std::move(stacks);
  return findings;
}

TEST(WhereAPythonWorkerHangs, IsTheInnermostOwnFunctionOfTheThreadThatServes) {
  const PythonStack other{.kind = "thread", .frames = {Own("shop.other")}};
  PythonStack serving{.kind = "thread", .serves = true};
  serving.frames = {Library("threading.acquire"), Own("shop.db.query"), Own("shop.main")};
  EXPECT_EQ(WhereItHangs(Python({other, serving})), "hung in `shop.db.query` db.py:88");
  serving.frames = {Library("json.loads"), Frame{.function = "driver.get", .foreign = true},
                    Library("asyncio.events.Handle._run", "/usr/lib/python3.11/asyncio/events.py"),
                    Own("<module>")};
  EXPECT_EQ(WhereItHangs(Python({serving})), "hung in `driver.get`") << "main() always waits in the loop";
  serving.frames = {Library("json.loads")};
  EXPECT_EQ(WhereItHangs(Python({serving})), "hung in `json.loads` x.py:1");
}

TEST(WhereAPythonWorkerHangs, IsTheThreadThatKeepsTheInterpreterFromTheOneThatServes) {
  const PythonStack serving{.kind = "thread", .serves = true, .frames = {Library("selectors.select")}};
  const PythonStack waits{.kind = "thread", .frames = {Library("queue.get"), Own("shop.waits")}};
  PythonStack keeps{.kind = "thread", .frames = {Own("shop.count")}};
  EXPECT_EQ(WhereItHangs(Python({waits, keeps, serving})), "hung in `shop.count` db.py:88");
  EXPECT_EQ(WhereItHangs(Python({waits, serving})), "hung in `selectors.select` x.py:1");
  keeps.id = 8;
  EXPECT_EQ(WhereItHangs(Python({keeps, serving})), "hung in `selectors.select` x.py:1")
      << "Python says itself what its threads do, so none keeps it from that";
}

TEST(WhereAPythonWorkerHangs, IsATaskWhereTheLoopHasNothingToDo) {
  const PythonStack loop{.kind = "thread", .serves = true, .idle = true, .frames = {Own("<module>")}};
  const PythonStack old{.kind = "task", .frames = {Own("shop.background")}};
  const PythonStack starts{.kind = "task",
                           .frames = {Own("shop.start"), Library("fectl_worker.runners.x.start")}};
  const PythonStack serves{
      .kind = "task", .serves = true, .frames = {Library("asyncio.locks.wait"), Own("shop.beat")}};
  const PythonStack none{.kind = "task", .serves = true, .frames = {Library("asyncio.locks.wait")}};
  EXPECT_EQ(WhereItHangs(Python({loop, old, starts, serves})), "hung in `shop.beat` db.py:88");
  EXPECT_EQ(WhereItHangs(Python({loop, none, old, starts})), "hung in `shop.start` db.py:88");
  EXPECT_EQ(WhereItHangs(Python({loop, none, old})), "hung in `shop.background` db.py:88");
  EXPECT_EQ(WhereItHangs(Python({loop, none})), "hung in `_PyEval_EvalFrame`") << "what else is known";
}

TEST(WhereAPythonWorkerHangs, IsATaskWhereTheLoopIsMetInSomethingSmall) {
  PythonStack loop{.kind = "thread", .serves = true};
  loop.frames = {Library("fectl_worker.x.look"),
                 Library("asyncio.events.Handle._run", "/usr/lib/python3.11/asyncio/events.py")};
  const PythonStack some{.kind = "task", .frames = {Own("shop.some")}};
  const PythonStack sends{.kind = "task", .serves = true, .frames = {Own("shop.beat")}};
  EXPECT_EQ(WhereItHangs(Python({loop, some})), "hung in `shop.some` db.py:88");
  EXPECT_EQ(WhereItHangs(Python({loop, some, sends})), "hung in `shop.beat` db.py:88");
  loop.frames = {Library("ssl.read")};
  EXPECT_EQ(WhereItHangs(Python({loop, some})), "hung in `ssl.read` x.py:1") << "it may be there for long";
  EXPECT_EQ(WhereItHangs(Python({loop, some, sends})), "hung in `shop.beat` db.py:88");
}

}  // namespace
}  // namespace fectl::evidence
