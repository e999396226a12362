#include "master/runtime/control/access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

namespace fectl::runtime {
namespace {

using config::Grant;
using config::Role;
using Verb = proto::Request::Verb;

Grant User(Role role, uint32_t id) {
  return {role, false, {"", id}, id};
}
Grant Group(Role role, uint32_t id) {
  return {role, true, {"", id}, id};
}

platform::ControlPeer Connected(uid_t uid, gid_t gid, std::vector<gid_t> groups = {}) {
  platform::ControlPeer peer;
  peer.uid = uid;
  peer.gid = gid;
  peer.groups = std::move(groups);
  return peer;
}

TEST(Access, RootAndTheMastersUserMayEverything) {
  const Access access({}, 1000);
  EXPECT_EQ(access.RoleOf(Connected(0, 0)), Role::kOperate);
  EXPECT_EQ(access.RoleOf(Connected(1000, 7)), Role::kOperate);
  EXPECT_EQ(access.RoleOf(Connected(1001, 1000, {0, 1000})), std::nullopt);
}

TEST(Access, RolesComeFromTheUserAndFromEveryGroup) {
  const Access access({User(Role::kObserve, 5), Group(Role::kOperate, 6), Group(Role::kObserve, 7)}, 1000);
  EXPECT_EQ(access.RoleOf(Connected(5, 5)), Role::kObserve);
  EXPECT_EQ(access.RoleOf(Connected(6, 5)), std::nullopt);
  EXPECT_EQ(access.RoleOf(Connected(8, 6)), Role::kOperate);
  EXPECT_EQ(access.RoleOf(Connected(8, 8, {1, 6})), Role::kOperate);
  EXPECT_EQ(access.RoleOf(Connected(8, 8, {7})), Role::kObserve);
  // The most that anything allows.
  EXPECT_EQ(access.RoleOf(Connected(5, 7, {6, 7})), Role::kOperate);
}

TEST(Access, AnUnresolvedGrantAllowsNobody) {
  const Access access({{Role::kOperate, false, {"bob", {}}, {}}}, 1000);
  EXPECT_EQ(access.RoleOf(Connected(1001, 1001)), std::nullopt);
}

TEST(Access, LookingNeedsLessThanDoing) {
  for (const Verb verb : {Verb::kPing, Verb::kPid, Verb::kVersion, Verb::kHello, Verb::kStatus, Verb::kSPid,
                          Verb::kOverview, Verb::kInspect, Verb::kListen, Verb::kUnsubscribe}) {
    EXPECT_EQ(Needed(verb), Role::kObserve) << proto::WireWord(verb);
  }
  for (const Verb verb : {Verb::kQuit, Verb::kStart, Verb::kStop, Verb::kReload, Verb::kRestart, Verb::kPause,
                          Verb::kResume, Verb::kSend}) {
    EXPECT_EQ(Needed(verb), Role::kOperate) << proto::WireWord(verb);
  }
}

TEST(FileFor, IsAsNarrowAsTheGrantsAllow) {
  const platform::Identity owner{1000, 1000, {50}};
  const auto file = [&](const std::vector<Grant>& grants) { return FileFor(grants, &owner); };
  EXPECT_EQ(file({}).mode, 0600U);
  EXPECT_EQ(file({Group(Role::kObserve, 50)}).mode, 0660U);
  EXPECT_EQ(file({Group(Role::kObserve, 50)}).group, 50U);
  // Not the owner's to give, several, or a user: only the roles can tell them apart.
  for (const auto& grants :
       std::vector<std::vector<Grant>>{{Group(Role::kObserve, 51)},
                                       {Group(Role::kObserve, 50), Group(Role::kObserve, 1000)},
                                       {User(Role::kObserve, 5)}}) {
    EXPECT_EQ(file(grants).mode, 0666U);
    EXPECT_EQ(file(grants).group, std::nullopt);
  }
  EXPECT_EQ(FileFor({Group(Role::kObserve, getegid())}, nullptr).mode, 0660U);
}

TEST(Peer, IsNamedByNumbers) {
  EXPECT_EQ((Peer{1000, 4711, Role::kObserve}).ToString(), "user 1000 (pid 4711)");
}

}  // namespace
}  // namespace fectl::runtime
