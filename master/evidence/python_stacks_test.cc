#include "master/evidence/python_stacks.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "master/evidence/findings.h"

namespace fectl::evidence {
namespace {

PythonHead Head() {
  return {.fd = 5,
          .thread = 0x7f10,
          .main = "/srv/jobs.py",
          .path = {"/srv", "/usr/lib/python3.11", "/venv/lib/python3.11/site-packages"},
          .library = {"/usr/lib/python3.11", "/opt/fectl/fectl_worker"},
          .applications = {"bought"}};
}

TEST(ReadHead, HasWhatTheWorkerWrote) {
  const std::optional<PythonHead> head = ReadHead(
      R"({"v":1,"fd":5,"tell":60,"dump":61,"thread":140044234713984,"main":"/m","path":["/a",1],"library":["/l"],)"
      R"("applications":["shop"]})");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->fd, 5);
  EXPECT_EQ(head->tell_signal, 60);
  EXPECT_EQ(head->dump_signal, 61);
  EXPECT_EQ(head->thread, 140044234713984U);
  EXPECT_EQ(head->main, "/m");
  EXPECT_EQ(head->path, std::vector<std::string>{"/a"});
  EXPECT_EQ(head->library, std::vector<std::string>{"/l"});
  EXPECT_EQ(head->applications, std::vector<std::string>{"shop"});
}

TEST(ReadHead, OfAnythingElseIsNothing) {
  for (const char* text : {"", "[]", "{}", R"({"v":2,"fd":5})", R"({"v":1})", R"({"v":1,"fd":-1})",
                           R"({"v":1,"fd":99999999999})", R"({"v":1,"fd":"5"})"})
    EXPECT_FALSE(ReadHead(text).has_value()) << text;
  const auto odd = ReadHead(R"({"v":1,"fd":3,"tell":-4,"dump":1.5,"path":7})");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->tell_signal, 0);
  EXPECT_EQ(odd->dump_signal, 0);
}

TEST(ReadTold, TellsTheApplicationsOwnFunctions) {
  const std::vector<PythonStack> stacks = ReadTold(
      Head(), R"({"stacks":[{"kind":"thread","name":"MainThread","id":7,"serves":true,"frames":[)"
              R"(["time","sleep","/usr/lib/python3.11/time.py",1],)"
              R"(["driver","get","/venv/lib/python3.11/site-packages/driver.py",2],)"
              R"(["bought.db","Db.get","/venv/lib/python3.11/site-packages/bought/db.py",3],)"
              R"(["__main__","work","/srv/jobs.py",4],["fectl_worker.worker","Worker.run","/x/worker.py",5],)"
              R"(["runpy","_run","<frozen runpy>",6],["shop.db","query","/srv/shop/db.py",88]]},)"
              R"({"kind":"task","name":"Task-1","idle":true,"awaits":"Future","frames":[]}]})");
  ASSERT_EQ(stacks.size(), 2U);
  EXPECT_EQ(stacks[0].kind, "thread");
  EXPECT_EQ(stacks[0].id, 7);
  EXPECT_TRUE(stacks[0].serves);
  const std::vector<Frame> expected = {
      {.function = "time.sleep", .file = "/usr/lib/python3.11/time.py", .line = 1, .library = true},
      {.function = "driver.get",
       .file = "/venv/lib/python3.11/site-packages/driver.py",
       .line = 2,
       .foreign = true},
      {.function = "bought.db.Db.get", .file = "/venv/lib/python3.11/site-packages/bought/db.py", .line = 3},
      {.function = "work", .file = "/srv/jobs.py", .line = 4},
      {.function = "fectl_worker.worker.Worker.run", .file = "/x/worker.py", .line = 5, .library = true},
      {.function = "runpy._run", .file = "<frozen runpy>", .line = 6, .library = true},
      {.function = "shop.db.query", .file = "/srv/shop/db.py", .line = 88}};
  EXPECT_EQ(stacks[0].frames, expected);
  EXPECT_EQ(stacks[1],
            (PythonStack{.kind = "task", .name = "Task-1", .idle = true, .awaits = "Future", .frames = {}}));
}

TEST(ReadTold, LeavesOutWhatItDoesNotUnderstand) {
  for (const char* text : {"", "{", "[]", "{}", R"({"stacks":1})", R"({"stacks":[1,{"kind":"task"}]})"})
    EXPECT_TRUE(ReadTold(Head(), text).empty()) << text;
  const auto stacks = ReadTold(Head(), R"({"stacks":[{"frames":[1,[],["m","f","/f",-1.5],[1,2,3,4]]}]})");
  ASSERT_EQ(stacks.size(), 1U);
  ASSERT_EQ(stacks[0].frames.size(), 2U);
  EXPECT_EQ(stacks[0].frames[0], (Frame{.function = "m.f", .file = "/f"}));
}

TEST(ReadDump, TellsTheThreadThatServes) {
  const std::vector<PythonStack> stacks =
      ReadDump(Head(),
               "Thread 0x00007f11 (most recent call first):\n"
               "  File \"/usr/lib/python3.11/threading.py\", line 982 in run\n"
               "\n"
               "Current thread 0x0000000000007f10 [python3] (most recent call first):\n"
               "  File \"/srv/shop/db/__init__.py\", line 88 in query\n"
               "  File \"/srv/a\", line 1 in b.py\", line 2 in serve\n"
               "  File \"/srv/jobs.py\", line 3 in <module>\n"
               "  ...\n");
  ASSERT_EQ(stacks.size(), 2U);
  EXPECT_EQ(stacks[0].name, "thread 32529");
  EXPECT_FALSE(stacks[0].serves);
  EXPECT_TRUE(stacks[0].frames.at(0).library);
  EXPECT_EQ(stacks[1].name, "python3");
  EXPECT_TRUE(stacks[1].serves);
  const std::vector<Frame> expected = {
      {.function = "shop.db.query", .file = "/srv/shop/db/__init__.py", .line = 88},
      {.function = "a\", line 1 in b.serve", .file = "/srv/a\", line 1 in b.py", .line = 2},
      {.function = "<module>", .file = "/srv/jobs.py", .line = 3}};
  EXPECT_EQ(stacks[1].frames, expected);
}

TEST(ReadDump, WithoutTheThreadsNumberItIsTheOldestOne) {
  const auto stacks =
      ReadDump({}, "Thread 0x1 (most recent call first):\nThread 0x2 (most recent call first):\n");
  ASSERT_EQ(stacks.size(), 2U);
  EXPECT_FALSE(stacks[0].serves);
  EXPECT_TRUE(stacks[1].serves);
  EXPECT_TRUE(ReadDump({}, "  File \"/a\", line 1 in b\nThread 0xz\n").empty());
}

}  // namespace
}  // namespace fectl::evidence
