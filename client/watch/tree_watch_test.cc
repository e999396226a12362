#include "client/watch/tree_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fectl::client {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class TreeWatchTest : public testing::Test {
 protected:
  TreeWatchTest() {
    std::string name = (fs::temp_directory_path() / "fectl-tree-XXXXXX").string();
    root_ = mkdtemp(name.data());
    Write("main.py");
    fs::create_directories(root_ / "shop/templates");
    Write("shop/web.py");
  }
  ~TreeWatchTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text = "x = 1\n") {
    std::ofstream(root_ / name) << text;
  }

  void Watch(const std::vector<std::string>& paths) {
    absl::StatusOr<TreeWatch> watch = TreeWatch::Create(paths, root_.string());
    ASSERT_TRUE(watch.ok()) << watch.status();
    watch_.emplace(*std::move(watch));
  }

  // Everything that is done has been done when this is called, and the kernel has noted it.
  std::vector<std::string> Seen() { return watch_->Take().files; }

  fs::path root_;
  std::optional<TreeWatch> watch_;
};

TEST_F(TreeWatchTest, SeesWhatIsWrittenMadeRenamedAndRemoved) {
  Watch({"."});
  EXPECT_THAT(Seen(), IsEmpty());
  Write("main.py");
  EXPECT_THAT(Seen(), ElementsAre("main.py"));
  Write("shop/web.py");
  Write("shop/new.py");
  Write("shop/templates/page.html");
  EXPECT_THAT(Seen(), UnorderedElementsAre("shop/web.py", "shop/new.py", "shop/templates/page.html"));
  fs::rename(root_ / "shop/new.py", root_ / "shop/newer.py");
  EXPECT_THAT(Seen(), UnorderedElementsAre("shop/new.py", "shop/newer.py"));
  fs::remove(root_ / "shop/newer.py");
  EXPECT_THAT(Seen(), ElementsAre("shop/newer.py"));
  fs::create_symlink("main.py", root_ / "link.py");
  EXPECT_THAT(Seen(), ElementsAre("link.py"));
}

TEST_F(TreeWatchTest, ReadingIsNoChange) {
  Watch({"."});
  std::ifstream(root_ / "main.py").get();
  fs::permissions(root_ / "main.py", fs::perms::owner_read);
  EXPECT_THAT(Seen(), IsEmpty());
}

TEST_F(TreeWatchTest, EditorsThatWriteBesideAndRename) {
  Watch({"."});
  Write(".main.py.swp");
  Write("4913");
  Write("main.py~");
  EXPECT_THAT(Seen(), IsEmpty());
  fs::rename(root_ / "main.py~", root_ / "main.py");
  EXPECT_THAT(Seen(), ElementsAre("main.py"));
}

TEST_F(TreeWatchTest, FilesThatDoNotBelongToTheApplication) {
  fs::create_directories(root_ / ".git");
  fs::create_directories(root_ / "shop/__pycache__");
  fs::create_directories(root_ / "node_modules/a");
  fs::create_directories(root_ / "env/lib");
  Write("env/pyvenv.cfg");
  Watch({"."});
  for (const char* name : {".git/hook.py", "shop/__pycache__/web.py", "node_modules/a/gyp.py",
                           "env/lib/site.py", "db.sqlite3", "shop/data.json"})
    Write(name);
  EXPECT_THAT(Seen(), IsEmpty());
}

TEST_F(TreeWatchTest, NewFoldersAreWatched) {
  Watch({"."});
  fs::create_directories(root_ / "api/v1");
  // This one may have been made before its folder was watched.
  Write("api/v1/first.py");
  EXPECT_THAT(Seen(), ElementsAre("api/v1/first.py"));
  Write("api/v1/second.py");
  EXPECT_THAT(Seen(), ElementsAre("api/v1/second.py"));
}

TEST_F(TreeWatchTest, AVirtualEnvironmentThatIsMadeLaterIsNotWatched) {
  Watch({"."});
  fs::create_directories(root_ / "env/lib");
  Seen();
  Write("env/pyvenv.cfg");
  Seen();
  Write("env/lib/site.py");
  EXPECT_THAT(Seen(), IsEmpty());
}

TEST_F(TreeWatchTest, AFolderThatMovesIsKnownByItsNewName) {
  Watch({"."});
  fs::rename(root_ / "shop", root_ / "store");
  EXPECT_THAT(Seen(), UnorderedElementsAre("shop", "store/web.py"));
  Write("store/web.py");
  EXPECT_THAT(Seen(), ElementsAre("store/web.py"));
  fs::rename(root_ / "store", root_.string() + "-moved-away");
  Seen();
  std::ofstream(root_.string() + "-moved-away/web.py") << "";
  EXPECT_THAT(Seen(), IsEmpty());
  fs::remove_all(root_.string() + "-moved-away");
}

TEST_F(TreeWatchTest, AFileThatIsNamedCountsWhateverItsName) {
  Write("program");
  Watch({"program"});
  Write("main.py");
  Write("other");
  EXPECT_THAT(Seen(), IsEmpty());
  Write("program.new");
  fs::rename(root_ / "program.new", root_ / "program");
  EXPECT_THAT(Seen(), ElementsAre("program"));
}

TEST_F(TreeWatchTest, AFileThatIsMadeCountsWhenItIsComplete) {
  Write("program");
  Watch({".", "program"});
  // As a linker does it.
  fs::remove(root_ / "program");
  EXPECT_THAT(Seen(), IsEmpty());
  std::ofstream made(root_ / "program");
  made << "half" << std::flush;
  EXPECT_THAT(Seen(), IsEmpty());
  made.close();
  EXPECT_THAT(Seen(), ElementsAre("program"));
  std::ofstream script(root_ / "shop/new.py");
  EXPECT_THAT(Seen(), IsEmpty());
  script.close();
  EXPECT_THAT(Seen(), ElementsAre("shop/new.py"));
  fs::create_hard_link(root_ / "main.py", root_ / "again.py");
  EXPECT_THAT(Seen(), ElementsAre("again.py"));
}

TEST_F(TreeWatchTest, AFolderAndAFileInIt) {
  Write("shop/settings.toml");
  Watch({"shop", "shop/settings.toml"});
  Write("shop/settings.toml");
  Write("shop/web.py");
  Write("main.py");
  EXPECT_THAT(Seen(), ElementsAre("shop/settings.toml", "shop/web.py"));
}

TEST_F(TreeWatchTest, PathsAreShownAsTheyWereNamed) {
  Watch({(root_ / "shop").string()});
  Write("shop/templates/page.html");
  EXPECT_THAT(Seen(), ElementsAre((root_ / "shop/templates/page.html").string()));
}

TEST_F(TreeWatchTest, WhatWasNamedAndIsGoneIsAProblemOnce) {
  Watch({"shop"});
  fs::remove_all(root_ / "shop");
  const Changes changes = watch_->Take();
  EXPECT_THAT(changes.files, ElementsAre("shop/web.py"));
  EXPECT_THAT(changes.problems, ElementsAre(HasSubstr("/shop was removed or renamed: what changes in it")));
  EXPECT_THAT(watch_->Take().problems, IsEmpty());
}

TEST_F(TreeWatchTest, MoreThanTheKernelKeepsIsAChange) {
  Watch({"."});
  // More events than fs.inotify.max_queued_events, which is 16384 everywhere: two files in turn, as equal
  // events that follow each other are one.
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 16'384;
  limit >> events;
  if (events > 100'000) GTEST_SKIP() << "the kernel keeps very many";
  for (int i = 0; i < events / 2 + 100; ++i) {
    fs::rename(root_ / (i % 2 == 0 ? "main.py" : "other.py"), root_ / (i % 2 == 0 ? "other.py" : "main.py"));
  }
  fs::create_directories(root_ / "unseen");
  EXPECT_THAT(Seen(), testing::Contains("very many files"));
  Write("unseen/late.py");
  EXPECT_THAT(Seen(), ElementsAre("unseen/late.py"));
}

TEST_F(TreeWatchTest, WhatIsNotThereCannotBeWatched) {
  const absl::Status status = TreeWatch::Create({"nothing.py"}, root_.string()).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "cannot watch nothing.py: No such file or directory");
}

}  // namespace
}  // namespace fectl::client
