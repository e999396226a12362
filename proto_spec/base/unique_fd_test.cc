#include "proto_spec/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace fectl::base {
namespace {

bool IsOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

UniqueFd OpenNull() {
  return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, ClosesAtTheEndOfItsLife) {
  int number;
  {
    const UniqueFd fd = OpenNull();
    number = fd.get();
    EXPECT_TRUE(fd.valid());
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, MovingLeavesNothingBehind) {
  UniqueFd from = OpenNull();
  const int number = from.get();
  UniqueFd to = std::move(from);
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what is left is what is tested.
  EXPECT_FALSE(from.valid());
  EXPECT_EQ(to.get(), number);
  UniqueFd other = OpenNull();
  const int closed = other.get();
  other = std::move(to);
  EXPECT_EQ(other.get(), number);
  EXPECT_FALSE(IsOpen(closed));
}

TEST(UniqueFd, MovingOntoItselfKeepsTheDescriptor) {
  UniqueFd fd = OpenNull();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(IsOpen(fd.get()));
}

TEST(UniqueFd, ReleaseHandsOver) {
  UniqueFd fd = OpenNull();
  const int number = fd.release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(number));
  fd.reset(number);
  fd.reset();
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, IsNoIntegerAndNoBool) {
  EXPECT_FALSE((std::is_convertible_v<UniqueFd, int>));
  EXPECT_FALSE((std::is_convertible_v<UniqueFd, bool>));
  EXPECT_FALSE((std::is_convertible_v<int, UniqueFd>));
  EXPECT_FALSE((std::is_constructible_v<bool, UniqueFd>));
  EXPECT_FALSE((std::is_copy_constructible_v<UniqueFd>));
}

}  // namespace
}  // namespace fectl::base
