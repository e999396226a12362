#include "client/serve/application.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace fectl::client {
namespace {

namespace fs = std::filesystem;

TEST(ParseApplication, ReadsALine) {
  const std::optional<Application> application = ParseApplication("asgi app=shop.main:app\n");
  ASSERT_TRUE(application.has_value());
  EXPECT_EQ(application->kind, "asgi");
  EXPECT_EQ(application->argument, "app=shop.main:app");
  EXPECT_EQ(ParseApplication("wsgi factory=shop:make\n")->argument, "factory=shop:make");
  EXPECT_EQ(ParseApplication("aiohttp app=shop:make\n")->kind, "aiohttp");
}

TEST(ParseApplication, RefusesEverythingElse) {
  for (const char* answer : {"", "\n", "asgi\n", "asgi app=shop:app", "cgi app=shop:app\n", "asgi shop:app\n",
                             "asgi app=shop:app\nmore\n", "hello\nasgi app=shop:app\n"})
    EXPECT_FALSE(ParseApplication(answer).has_value()) << answer;
}

// Takes the place of a Python.
class InspectTest : public testing::Test {
 protected:
  InspectTest() {
    std::string name = (fs::temp_directory_path() / "fectl-inspect-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~InspectTest() override { fs::remove_all(root_); }

  absl::StatusOr<Application> InspectWith(const std::string& script, const std::string& kind = "") {
    const std::string path = (root_ / "python").string();
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return Inspect({.arguments = {path}, .directory = root_.string()}, "shop:app", kind);
  }

  fs::path root_;
};

TEST_F(InspectTest, AsksPython) {
  const absl::StatusOr<Application> application =
      InspectWith("[ \"$*\" = '-m fectl_worker inspect shop:app' ] && echo asgi app=shop:app");
  ASSERT_TRUE(application.ok()) << application.status();
  EXPECT_EQ(application->kind, "asgi");
  EXPECT_TRUE(
      InspectWith("[ \"$*\" = '-m fectl_worker inspect --kind=wsgi shop:app' ] && echo wsgi app=shop:app",
                  "wsgi")
          .ok());
}

TEST_F(InspectTest, WhatPythonHasSaidIsNotSaidAgain) {
  const absl::Status status = InspectWith("exit 3").status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "");
}

TEST_F(InspectTest, APythonWithoutThePackageIsNamed) {
  EXPECT_EQ(InspectWith("exit 1").status().message(),
            (root_ / "python").string() +
                " cannot run fectl_worker (it ended with exit status 1): put the folder of that package on "
                "PYTHONPATH, or "
                "name another Python with --python");
  EXPECT_THAT(std::string(InspectWith("kill -9 $$").status().message()),
              testing::HasSubstr(" cannot run fectl_worker (it was killed by SIGKILL): "));
  EXPECT_FALSE(InspectWith("echo nonsense").ok());
}

}  // namespace
}  // namespace fectl::client
