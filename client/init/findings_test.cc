#include "client/init/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace fectl::client {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class FindingsTest : public testing::Test {
 protected:
  FindingsTest() {
    std::string folder = testing::TempDir() + "/findings-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~FindingsTest() override { fs::remove_all(folder_); }

  void Write(const std::string& path, const std::string& text, bool executable = false) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
    if (executable) fs::permissions(folder_ / path, fs::perms::owner_exec, fs::perm_options::add);
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const PythonFinding& one : LookThrough(folder_).applications) names.push_back(one.name);
    return names;
  }

  fs::path folder_;
};

TEST_F(FindingsTest, NothingIsFoundInAnEmptyFolder) {
  const Findings found = LookThrough(folder_);
  EXPECT_THAT(found.applications, IsEmpty());
  EXPECT_THAT(found.programs, IsEmpty());
  EXPECT_EQ(found.python, "");
  EXPECT_THAT(LookThrough(folder_ / "gone").applications, IsEmpty());
}

TEST_F(FindingsTest, TheLikeliestModuleIsFirst) {
  Write("shop/other.py", "app = FastAPI()\n");
  Write("shop/wsgi.py", "application = get_wsgi_application()\n");
  Write("shop/asgi.py", "application = get_asgi_application()\n");
  Write("tests/main.py", "app = FastAPI()\n");
  Write("test_main.py", "app = FastAPI()\n");
  Write(".venv/lib/main.py", "app = FastAPI()\n");
  EXPECT_THAT(Names(), ElementsAre("shop.wsgi:application", "shop.asgi:application", "shop.other:app"));
  Write("main.py", "def create_app():\n  pass\n");
  Write("shop/main.py", "app = FastAPI()\n");
  EXPECT_EQ(Names()[0], "shop.main:app");
  EXPECT_EQ(Names().back(), "main:create_app") << "an application comes before a function that makes one";
}

TEST_F(FindingsTest, ModulesOfSrcAreImportedFromThere) {
  Write("src/shop/main.py", "app = FastAPI()\n");
  const Findings found = LookThrough(folder_);
  ASSERT_EQ(found.applications.size(), 1u);
  EXPECT_EQ(found.applications[0].name, "shop.main:app");
  EXPECT_EQ(found.applications[0].file, "src/shop/main.py");
  EXPECT_TRUE(found.applications[0].is_in_src);
}

TEST_F(FindingsTest, WorkersComeBeforeOtherPrograms) {
  Write("a.sh", "#!/bin/sh\n", true);
  Write("build/web", "\177ELF FECTL_PROC_IDX FECTL_SRV_NAME", true);
  Write("build/web.o", "\177ELF FECTL_PROC_IDX FECTL_SRV_NAME");
  Write("web.cc", "(*worker)->FindSocket(\"http\")");
  const Findings found = LookThrough(folder_);
  ASSERT_EQ(found.programs.size(), 2u);
  EXPECT_EQ(found.programs[0].path, "./build/web");
  EXPECT_TRUE(found.programs[0].is_worker);
  EXPECT_EQ(found.programs[1].path, "./a.sh");
  EXPECT_FALSE(found.programs[1].is_worker);
  EXPECT_THAT(found.sockets, ElementsAre("http"));
}

TEST_F(FindingsTest, AVirtualEnvironmentIsTheProjects) {
  Write("venv/bin/python3", "", true);
  EXPECT_EQ(LookThrough(folder_).python, "") << "it says of itself that it is one";
  Write("venv/pyvenv.cfg", "");
  EXPECT_EQ(LookThrough(folder_).python, "venv/bin/python3");
}

}  // namespace
}  // namespace fectl::client
