#ifndef MASTER_PLATFORM_TESTING_TEST_PROCESS_H_
#define MASTER_PLATFORM_TESTING_TEST_PROCESS_H_

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include "master/platform/children/children_wait.h"
#include "master/platform/process/exit_status.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// A forked copy of the test that runs one function and ends with its result as exit code; for what must not
// happen to the test itself (dropping privileges, a system call filter, being the other master). Killed and
// reaped at the latest when this object goes. `body` must not use gtest's assertions: they would be lost with
// the copy.
class TestProcess {
 public:
  explicit TestProcess(const std::function<int()>& body) {
    fflush(nullptr);
    pid_ = fork();
    if (pid_ < 0) abort();
    if (pid_ == 0) _exit(body());
  }
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;
  ~TestProcess() {
    if (pid_ == 0) return;
    SendSignal(pid_, -1, SIGKILL).IgnoreError();
    Reap(pid_);
  }

  pid_t pid() const { return pid_; }

  // Waits for its end; "exited with code 0" is a success.
  std::string Wait() {
    // A pid descriptor is readable at the end; a test that hangs for a minute is told apart from one that
    // fails.
    const base::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended = {pidfd.get(), POLLIN, 0};
    if (poll(&ended, 1, 60'000) != 1) return "still running after a minute";
    std::string words = LookAt(pid_)->status.ToString();
    Reap(pid_);
    pid_ = 0;
    return words;
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_PROCESS_H_
