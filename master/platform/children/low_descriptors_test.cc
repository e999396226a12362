#include "master/platform/children/low_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <set>
#include <string>

#include "master/platform/children/test_launch.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {
namespace {

base::UniqueFd NewFileAt(int number_min) {
  return base::UniqueFd(fcntl(NewFile().get(), F_DUPFD_CLOEXEC, number_min));
}

TEST(LowDescriptors, LendsTheSameFileUnderALowNumberUntilItIsTakenBack) {
  LowDescriptors low(2);
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  base::UniqueFd writer(fcntl(ends[1], F_DUPFD_CLOEXEC, 500));
  close(ends[1]);
  for (int round = 0; round < 3; ++round) {
    const int number = low.Lend(writer.get());
    ASSERT_LT(number, 500);
    EXPECT_EQ(InodeOf(number), InodeOf(writer.get()));
    EXPECT_NE(fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
    low.TakeBack();
    EXPECT_NE(InodeOf(number), InodeOf(writer.get()));
  }
  writer.reset();
  pollfd ended = {reader.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 1) << "the lent number kept the pipe open";
}

TEST(LowDescriptors, WhatIsLowAlreadyStaysAndWhatFindsNoNumberToo) {
  const base::UniqueFd below = NewFile();
  LowDescriptors low(2);
  EXPECT_EQ(low.Lend(below.get()), below.get());
  const base::UniqueFd files[] = {NewFileAt(500), NewFileAt(500), NewFileAt(500)};
  std::set<int> numbers;
  for (const base::UniqueFd& file : files) numbers.insert(low.Lend(file.get()));
  EXPECT_EQ(numbers.size(), 3U);
  EXPECT_EQ(*numbers.rbegin(), files[2].get());
}

TEST(LowDescriptors, LendsTheNullDevice) {
  LowDescriptors low(1);
  const base::UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(InodeOf(low.Lend(-1)), InodeOf(null.get()));
}

TEST(LowDescriptors, GivesBackAllThatItTook) {
  const int before = CountOpen();
  {
    LowDescriptors low(3);
    EXPECT_TRUE(low.usable());
    EXPECT_EQ(CountOpen(), before + 4);
    low.GiveUp();
    EXPECT_FALSE(low.usable());
    const base::UniqueFd file = NewFileAt(500);
    EXPECT_EQ(low.Lend(file.get()), file.get());
  }
  EXPECT_EQ(CountOpen(), before);
}

// In a copy of the test, whose limit is for good.
TEST(LowDescriptors, MakesDoWithFewerNumbers) {
  TestProcess process([] {
    const base::UniqueFd file = NewFileAt(500);
    for (int spare = 0; spare < 4; ++spare) {
      const rlimit tight = {static_cast<rlim_t>(CountOpen() - 2 + spare),
                            1024};  // the count's own, and `file`
      if (setrlimit(RLIMIT_NOFILE, &tight) != 0) return 1;
      LowDescriptors low(2);
      if (low.usable() != (spare >= 2)) return 2;
      const rlimit wide = {1024, 1024};
      if (setrlimit(RLIMIT_NOFILE, &wide) != 0) return 1;
      if ((low.Lend(file.get()) == file.get()) != (spare < 2)) return 3;
    }
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
