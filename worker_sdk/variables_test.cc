#include "worker_sdk/variables.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace fectl::internal {
namespace {

VariableMap Good() {
  return {{"FECTL_FD", "3:4"},
          {"FECTL_SRV_NAME", "web"},
          {"FECTL_PROC_IDX", "1"},
          {"FECTL_PROC_LANE", "2"},
          {"FECTL_PROTO", "2"},
          {"FECTL_TIMEOUT", "2.5"},
          {"FECTL_SHUTDOWN_TIMEOUT", "7"},
          {"FECTL_FD_http", "5,FAMILY:2,SOCKETTYPE:1,PROTO:6"},
          {"FECTL_APP_http", "aiohttp"},
          {"FECTL_ARGS_http", R"(["app=a:b", "x"])"},
          {"FECTL_FD_admin.1", "6,FAMILY:1,SOCKETTYPE:1,PROTO:0"},
          {"FECTL_SOCKETS", "http admin.1"}};
}

TEST(VariablesTest, ByHand) {
  auto read = ReadVariables({{"PATH", "/bin"}, {"FECTL_SOCK", "x"}});
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->managed);
}

TEST(VariablesTest, ReadsTheWholeContract) {
  auto read = ReadVariables(Good());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->managed);
  EXPECT_EQ(read->read_fd, 3);
  EXPECT_EQ(read->write_fd, 4);
  EXPECT_EQ(read->service, "web");
  EXPECT_EQ(read->index, 1);
  EXPECT_EQ(read->lane, 2);
  EXPECT_EQ(read->level, 2);
  EXPECT_EQ(read->timeout_ms, 2500);
  EXPECT_EQ(read->shutdown_timeout_ms, 7000);
  ASSERT_EQ(read->sockets.size(), 2u);
  EXPECT_EQ(read->sockets[0].name, "admin.1");
  EXPECT_EQ(read->sockets[0].fd, 6);
  EXPECT_TRUE(read->sockets[0].app.empty());
  EXPECT_EQ(read->sockets[1].name, "http");
  EXPECT_EQ(read->sockets[1].family, 2);
  EXPECT_EQ(read->sockets[1].type, 1);
  EXPECT_EQ(read->sockets[1].protocol, 6);
  EXPECT_EQ(read->sockets[1].app, "aiohttp");
  EXPECT_EQ(read->sockets[1].arguments, (std::vector<std::string>{"app=a:b", "x"}));
}

TEST(VariablesTest, DOTTED_ASocketThatWasDroppedOnTheWayIsNoticed) {
  VariableMap variables = Good();
  EXPECT_EQ(ReadVariables(variables)->dropped, "");
  variables["FECTL_SOCKETS"] = "http admin.1 admin-api";
  EXPECT_EQ(
      ReadVariables(variables)->dropped.find("environment variable FECTL_FD_admin-api is missing, though "),
      0u);
  variables.erase("FECTL_SOCKETS");  // an old master
  EXPECT_EQ(ReadVariables(variables)->dropped, "");
}

TEST(VariablesTest, AnOldMastersEnvironment) {
  auto read = ReadVariables({{"FECTL_FD", "8:11"}, {"FECTL_SRV_NAME", "web"}, {"FECTL_PROC_IDX", "0"}});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->level, 1);
  EXPECT_FALSE(read->lane);
  EXPECT_FALSE(read->timeout_ms);
  EXPECT_FALSE(read->shutdown_timeout_ms);
}

TEST(VariablesTest, WithoutAnOfferOfLevel2TheBaseLevelIsSpoken) {
  for (const char* level : {"", "0", "1", "-3", "2x", "two", "99999999999"}) {
    VariableMap variables = Good();
    variables["FECTL_PROTO"] = level;
    EXPECT_EQ(ReadVariables(variables)->level, 1) << level;
  }
}

TEST(VariablesTest, UnderAMasterOfALaterLevelTheWorkersOwnLevelIsSpoken) {
  for (const char* level : {"3", "4", "33", "2147483647"}) {
    VariableMap variables = Good();
    variables["FECTL_PROTO"] = level;
    EXPECT_EQ(ReadVariables(variables)->level, 3) << level;
  }
}

TEST(VariablesTest, HalfAnEnvironmentNamesWhatIsMissing) {
  for (const char* name : {"FECTL_FD", "FECTL_SRV_NAME", "FECTL_PROC_IDX"}) {
    VariableMap variables = Good();
    variables.erase(name);
    auto read = ReadVariables(variables);
    EXPECT_TRUE(absl::IsInvalidArgument(read.status()));
    EXPECT_EQ(read.status().message(),
              std::string("environment variable ") + name +
                  " is missing, but others of a fectl worker are set. Start this program from "
                  "fectld, or without any of them to run it by hand.");
  }
}

class BadVariableTest : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(BadVariableTest, IsNamedWithItsValue) {
  VariableMap variables = Good();
  variables[GetParam().first] = GetParam().second;
  auto read = ReadVariables(variables);
  ASSERT_TRUE(absl::IsInvalidArgument(read.status())) << read.status();
  EXPECT_EQ(read.status().message().find("environment variable " + GetParam().first + " is "), 0u)
      << read.status();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadVariableTest,
    testing::Values(std::pair{"FECTL_FD", ""}, std::pair{"FECTL_FD", "3"}, std::pair{"FECTL_FD", "3:x"},
                    std::pair{"FECTL_FD", "-1:4"}, std::pair{"FECTL_PROC_IDX", "one"},
                    std::pair{"FECTL_PROC_LANE", "-1"}, std::pair{"FECTL_PROC_IDX", "-1"},
                    std::pair{"FECTL_TIMEOUT", "soon"}, std::pair{"FECTL_SHUTDOWN_TIMEOUT", "-2"},
                    std::pair{"FECTL_FD_http", "5"},
                    std::pair{"FECTL_FD_http", "5,FAMILY:x,SOCKETTYPE:1,PROTO:6"},
                    std::pair{"FECTL_SOCKETS", "http,admin.1"}, std::pair{"FECTL_ARGS_http", "app=a"},
                    std::pair{"FECTL_ARGS_http", "[1]"}));

TEST(VariablesTest, KnowsItsOwn) {
  for (const auto& [name, value] : Good()) EXPECT_TRUE(IsWorkerVariable(name)) << name;
  EXPECT_FALSE(IsWorkerVariable("FECTL_SOCK"));
  EXPECT_FALSE(IsWorkerVariable("FECTL_FDX"));
  EXPECT_FALSE(IsWorkerVariable("PATH"));
}

}  // namespace
}  // namespace fectl::internal
