#include "master/platform/files/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/platform/testing/test_process.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

bool SameFile(int a, int b) {
  struct stat first = {};
  struct stat second = {};
  return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

bool ClosedAtExec(int fd) {
  return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

TEST(StandardStreams, ClosedOnesAreFilledAndOthersLeft) {
  TestProcess process([] {
    const base::UniqueFd null(fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, 10));
    // Every set of the three.
    for (int open_ones = 0; open_ones < 8; ++open_ones) {
      const base::UniqueFd file(fcntl(memfd_create("test", MFD_CLOEXEC), F_DUPFD_CLOEXEC, 10));
      for (int fd = 0; fd < 3; ++fd) {
        dup2(file.get(), fd);
        if ((open_ones >> fd & 1) == 0) base::UniqueFd(fd).reset();
      }
      if (!FillStandardStreams().ok()) return 1;
      for (int fd = 0; fd < 3; ++fd) {
        const bool was_open = (open_ones >> fd & 1) != 0;
        if (!SameFile(fd, was_open ? file.get() : null.get())) return 2;
        if (ClosedAtExec(fd)) return 3;
      }
    }
    return 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

TEST(StandardStreams, RedirectsEvenCrosswise) {
  TestProcess process([] {
    const base::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    const base::UniqueFd one(memfd_create("one", MFD_CLOEXEC));
    const base::UniqueFd two(memfd_create("two", MFD_CLOEXEC));
    if (!RedirectStandardStreams(one.get(), two.get()).ok()) return 1;
    if (!SameFile(0, null.get()) || !SameFile(1, one.get()) || !SameFile(2, two.get())) return 2;
    if (!RedirectStandardStreams(2, 1).ok()) return 3;
    if (!SameFile(1, two.get()) || !SameFile(2, one.get())) return 4;
    if (!OutputAndErrorDiffer()) return 8;
    if (!RedirectStandardStreams(-1, 1).ok()) return 5;
    if (!SameFile(1, null.get()) || !SameFile(2, two.get())) return 6;
    if (!RedirectStandardStreams(1, 1).ok() || OutputAndErrorDiffer()) return 9;
    return ClosedAtExec(0) || ClosedAtExec(1) || ClosedAtExec(2) ? 7 : 0;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
