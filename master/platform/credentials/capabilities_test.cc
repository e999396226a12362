#include "master/platform/credentials/capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <unistd.h>

#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

TEST(Capabilities, HaveTheNumbersOfTheKernel) {
  const auto names = CapabilityNames();
  EXPECT_EQ(names[CAP_CHOWN], "CAP_CHOWN");
  EXPECT_EQ(names[CAP_NET_BIND_SERVICE], "CAP_NET_BIND_SERVICE");
  EXPECT_EQ(names[CAP_SYS_ADMIN], "CAP_SYS_ADMIN");
  EXPECT_EQ(names[CAP_SETFCAP], "CAP_SETFCAP");
  EXPECT_EQ(names[CAP_CHECKPOINT_RESTORE], "CAP_CHECKPOINT_RESTORE");
  EXPECT_EQ(NamesOf(SetOf(CAP_SETUID) | SetOf(CAP_KILL)), "CAP_KILL, CAP_SETUID");
  EXPECT_EQ(NamesOf(0), "");
}

TEST(Capabilities, AreGivenUpForGood) {
  TestProcess process([] {
    const bool root = GetHeldCapabilities().permitted != 0;
    if (root != (geteuid() == 0)) return 1;
    if (!DropCapabilities().ok()) return 2;
    const HeldCapabilities held = GetHeldCapabilities();
    return held.effective == 0 && held.permitted == 0 && held.inheritable == 0 ? 0 : 3;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
