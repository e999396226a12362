#include "master/platform/files/whole_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "master/platform/testing/test_folder.h"

namespace fectl::platform {
namespace {

TEST(WholeFile, HoldsWhatIsWrittenAndNothingElse) {
  const TestFolder folder;
  const std::string path = folder.path() + "/message";
  ASSERT_TRUE(WriteWholeFile(path, "a long message\n").ok());
  ASSERT_TRUE(WriteWholeFile(path, "short\n").ok());
  EXPECT_EQ(folder.Read("message"), "short\n");
  ASSERT_TRUE(WriteWholeFile(path, "").ok());
  EXPECT_EQ(folder.Read("message"), "");
}

TEST(WholeFile, SaysWhichFileCannotBeWritten) {
  const TestFolder folder;
  EXPECT_THAT(std::string(WriteWholeFile(folder.path() + "/gone/message", "x").message()),
              testing::HasSubstr("cannot write " + folder.path() + "/gone/message"));
}

}  // namespace
}  // namespace fectl::platform
