#include "master/platform/credentials/acting_as.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "master/platform/testing/test_folder.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

const Identity kNobody = {65534, 65534};

TEST(ActingAs, HasTheRightsOfTheUserForAsLongAsItExists) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can act as another user";
  const TestFolder folder;  // of mode 0700
  const std::string file = folder.Write("secret", "");
  {
    const ActingAs nobody(&kNobody);
    EXPECT_EQ(geteuid(), 65534u);
    EXPECT_EQ(getegid(), 65534u);
    EXPECT_FALSE(base::UniqueFd(open(file.c_str(), O_RDONLY | O_CLOEXEC)).valid());
    EXPECT_FALSE(MayMakeFilesIn(folder.path()));
    EXPECT_TRUE(MayMakeFilesIn("/tmp"));
  }
  EXPECT_EQ(geteuid(), 0u);
  EXPECT_EQ(getegid(), 0u);
  EXPECT_TRUE(base::UniqueFd(open(file.c_str(), O_RDONLY | O_CLOEXEC)).valid());
  EXPECT_TRUE(MayMakeFilesIn(folder.path()));
}

TEST(ActingAs, ChangesNothingWithoutAnIdentity) {
  const uid_t before = geteuid();
  const ActingAs nobody_else(nullptr);
  EXPECT_EQ(geteuid(), before);
}

TEST(MayMakeFilesIn, SaysNothingAgainstAFolderThatIsNotThere) {
  EXPECT_TRUE(MayMakeFilesIn("/no/such/folder"));
}

TEST(MayMakeFilesIn, AsksForTheRightToWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TestFolder folder;
  EXPECT_TRUE(MayMakeFilesIn(folder.path()));
  ASSERT_EQ(chmod(folder.path().c_str(), 0500), 0);
  EXPECT_FALSE(MayMakeFilesIn(folder.path()));
  ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
}

}  // namespace
}  // namespace fectl::platform
