#include "master/platform/process/core_dump.h"

#include <gtest/gtest.h>

namespace fectl::platform {
namespace {

TEST(CoreDump, IsWhereThePatternSays) {
  EXPECT_EQ(WhereCoreIs("core", "/srv/shop"), "as `core` in /srv/shop (core_pattern)");
  EXPECT_EQ(WhereCoreIs("", "/srv/shop"), "as `core` in /srv/shop (core_pattern)");
  EXPECT_EQ(WhereCoreIs("core.%p", ""), "as `core.%p` (core_pattern)");
  EXPECT_EQ(WhereCoreIs("/var/cores/%e.%p", "/srv/shop"), "as `/var/cores/%e.%p` (core_pattern)");
  EXPECT_EQ(WhereCoreIs("|/usr/lib/systemd/systemd-coredump %P %u", "/srv"),
            "taken by /usr/lib/systemd/systemd-coredump (coredumpctl shows it)");
  EXPECT_EQ(WhereCoreIs("|/opt/crash", "/srv"), "taken by /opt/crash");
}

TEST(CoreDump, ThePatternIsALine) {
  EXPECT_EQ(CorePattern().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace fectl::platform
