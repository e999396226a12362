// For LD_PRELOAD: the program's wall clock is wrong by so many seconds as the file FECTL_TEST_WALL_CLOCK says
// now. Its monotonic clock is what it is.

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

timespec WrongTime() {
  timespec now = {};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  const char* const path = getenv("FECTL_TEST_WALL_CLOCK");
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  char text[32] = {};
  if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) now.tv_sec += atoll(text);
  if (fd >= 0) close(fd);
  return now;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) {
  if (clock != CLOCK_REALTIME) return static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  *now = WrongTime();
  return 0;
}

extern "C" int gettimeofday(timeval* now, void* /*zone*/) {
  const timespec wrong = WrongTime();
  *now = {wrong.tv_sec, wrong.tv_nsec / 1000};
  return 0;
}

extern "C" time_t time(time_t* now) {
  const time_t wrong = WrongTime().tv_sec;
  if (now != nullptr) *now = wrong;
  return wrong;
}
