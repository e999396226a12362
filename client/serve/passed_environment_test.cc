#include "client/serve/passed_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PassedEnvironment, NamesWhatTheApplicationMayWant) {
  EXPECT_THAT(
      PassedEnvironment(
          {"SECRET_KEY=x", "DATABASE_URL=postgres://a:b@c/d", "DJANGO_SETTINGS_MODULE=shop.settings"}, {}),
      ElementsAre("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY"));
}

TEST(PassedEnvironment, LeavesOutWhatEveryWorkerHasAndWhatIsNotForIt) {
  EXPECT_THAT(PassedEnvironment(
                  {"PATH=/bin", "HOME=/h", "LC_ALL=C", "FECTL_SOCK=s", "XDG_RUNTIME_DIR=/run", "_=/bin/x",
                   "PWD=/", "TERM=xterm", "SSH_AUTH_SOCK=/s", "BASH_FUNC_x%%=() { :; }", "a.b=c", "1=2"},
                  {}),
              IsEmpty());
}

TEST(PassedEnvironment, WhatIsSetComesFirstAndInPlaceOfTheCallers) {
  EXPECT_THAT(PassedEnvironment({"A=1", "Z=1", "PYTHONPATH=/mine"}, {"PYTHONPATH=/mine:/opt/site", "Z=2"}),
              ElementsAre("PYTHONPATH=/mine:/opt/site", "Z=2", "A"));
}

TEST(OwnVariables, ThePackageIsFoundBehindWhatPythonPathNames) {
  EXPECT_THAT(OwnVariables({"A=1"}, "/opt/site", false), ElementsAre("PYTHONPATH=/opt/site"));
  EXPECT_THAT(OwnVariables({"PYTHONPATH=/mine:/more"}, "/opt/site", false),
              ElementsAre("PYTHONPATH=/mine:/more:/opt/site"));
  EXPECT_THAT(OwnVariables({"PYTHONPATH="}, "/opt/site", false), ElementsAre("PYTHONPATH=/opt/site"));
  EXPECT_THAT(OwnVariables({"PYTHONPATH=/mine"}, "", false), IsEmpty());
}

TEST(OwnVariables, AnApplicationThatIsEditedLeavesNoCompiledModules) {
  EXPECT_THAT(OwnVariables({}, "", true), ElementsAre("PYTHONDONTWRITEBYTECODE=1"));
}

}  // namespace
}  // namespace fectl::client
