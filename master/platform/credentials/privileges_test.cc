#include "master/platform/credentials/privileges.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "master/platform/credentials/capabilities.h"
#include "master/platform/credentials/test_rights.h"
#include "master/platform/testing/test_process.h"
#include "master/platform/testing/test_syscall_filter.h"

namespace fectl::platform {
namespace {

const Identity kSomebody = {54321, 54322, {54322, 54323}};

std::vector<gid_t> Groups() {
  std::vector<gid_t> groups(getgroups(0, nullptr));
  groups.resize(getgroups(static_cast<int>(groups.size()), groups.data()));
  std::sort(groups.begin(), groups.end());
  return groups;
}

TEST(Privileges, AreGoneForGood) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  TestProcess process([] {
    if (!SwitchIdentity(kSomebody).ok()) return 1;
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || getresgid(&gids[0], &gids[1], &gids[2]) != 0)
      return 2;
    for (int i = 0; i < 3; ++i) {
      if (uids[i] != kSomebody.uid || gids[i] != kSomebody.gid) return 3;
    }
    if (Groups() != kSomebody.groups) return 4;
    const gid_t root = 0;
    if (setgroups(1, &root) == 0 || setresgid(0, 0, 0) == 0 || setresuid(0, 0, 0) == 0) return 5;
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 6;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Privileges, AnOrdinaryUserStaysOneself) {
  TestProcess process([] {
    if (geteuid() == 0 && !SwitchIdentity(kSomebody).ok()) return 1;
    const Identity self = {geteuid(), getegid(), {getegid()}};
    if (!ChangeTo(self).same_ids() || !SwitchIdentity(self).ok()) return 2;
    const Identity other = {geteuid() + 1, getegid(), {7}};
    const absl::Status status = SwitchIdentity(other);
    if (status.ok() || ChangeTo(other).same_ids()) return 3;
    return status.message() == "cannot set supplementary groups: Operation not permitted" ? 0 : 4;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Privileges, RootGivesUpTheGroupsThatAreNotRoots) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can have groups set";
  TestProcess process([] {
    const gid_t others[] = {1, 7};
    if (setgroups(2, others) != 0 || !ChangeTo({0, 0, {0}}).groups) return 1;
    if (!SwitchIdentity({0, 0, {0}}).ok()) return 2;
    return Groups() == std::vector<gid_t>{0} && !ChangeTo({0, 0, {}}).groups ? 0 : 3;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Privileges, USERNS_ToBeWhatOneIsNeedsNoRight) {
  for (const char* setgroups_allowed : {"allow", "deny"}) {
    TestProcess process([setgroups_allowed] {
      if (!BecomeRootOfUserNamespace(setgroups_allowed)) return 77;
      // The group is root's, or one that this namespace does not know, and cannot be given up where it
      // forbids it.
      if (!ChangeTo({0, 0, {0}}).same_ids()) return 1;
      if (!SwitchIdentity({0, 0, {0, 0}}).ok()) return 2;
      const absl::Status status = SwitchIdentity({5, 0, {0}});
      return status.ok() ? 3 : 0;
    });
    const std::string end = process.Wait();
    if (end == "exited with code 77") GTEST_SKIP() << "user namespaces are not allowed here";
    EXPECT_EQ(end, "exited with code 0") << setgroups_allowed;
  }
}

// Neither is root: the kernel itself takes nothing away.
TEST(Privileges, AMBIENT_ASwitchBetweenOrdinaryUsersTakesTheCapabilities) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has capabilities to lose";
  TestProcess process([] {
    if (!BecomeOrdinaryWith(54300, SetOf(CAP_SETUID) | SetOf(CAP_SETGID))) return 10;
    if (!SwitchIdentity(kSomebody).ok()) return 1;
    const HeldCapabilities held = GetHeldCapabilities();
    if ((held.effective | held.permitted | held.inheritable) != 0) return 2;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SETUID, 0, 0) != 0) return 3;
    return setresuid(0, 0, 0) == 0 ? 4 : 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(Privileges, EachStepThatFailsIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can switch to another user";
  const std::vector<std::pair<FilteredCall, std::string>> cases = {
      {{SYS_setgroups, EPERM}, "cannot set supplementary groups: Operation not permitted"},
      {{SYS_setresgid, EPERM}, "cannot switch to group 54322: Operation not permitted"},
      {{SYS_setresuid, EAGAIN}, "cannot switch to user 54321: Resource temporarily unavailable"},
      // The kernel says yes and does nothing.
      {{SYS_setresgid, 0}, "the kernel did not switch to user 54321"},
      {{SYS_setresuid, 0}, "the kernel did not switch to user 54321"},
  };
  for (const auto& [call, words] : cases) {
    TestProcess process([&call = call, &words = words] {
      if (!InstallFilter({call})) return 10;
      return SwitchIdentity(kSomebody).message() == words ? 0 : 1;
    });
    EXPECT_EQ(process.Wait(), "exited with code 0") << words;
  }
}

}  // namespace
}  // namespace fectl::platform
