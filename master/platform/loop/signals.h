#ifndef MASTER_PLATFORM_LOOP_SIGNALS_H_
#define MASTER_PLATFORM_LOOP_SIGNALS_H_

#include <sys/types.h>

#include <csignal>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

struct ReceivedSignal {
  int number = 0;
  pid_t sender_pid = 0;  // 0: the kernel or the terminal
  uid_t sender_uid = 0;
};

// From here on a broken pipe, or a file that may not grow, is an errno of the call that met it and not a
// signal (SIGPIPE, SIGXFSZ). First thing in main(): the first files are written before there are Signals.
void IgnoreSignalsOfWriting();

// Turns signals into readiness of a descriptor. While it lives TERM, INT, QUIT, HUP, CHLD, USR1, USR2 and
// ALRM are blocked and come through fd(), those of writing are ignored, and SIGCHLD has its default
// disposition (ignored, the kernel would reap children behind our back). Create before any other thread is
// started: a thread with these signals open would take them. One at a time per process.
//
// A signal that came many times before it was taken is one entry: SIGCHLD says "look", not how many.
class Signals {
 public:
  static absl::StatusOr<std::unique_ptr<Signals>> Create();

  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  // Puts the mask and the dispositions back, unless StayForExit().
  ~Signals();

  // The process ends after this object: a signal that comes in between, when there is nothing left to end, is
  // not to make its exit status.
  void StayForExit() { stays_ = true; }

  // Readable (EPOLLIN) when Take() has something.
  int fd() const { return fd_.get(); }

  // What came since the last call, in the kernel's order; never blocks.
  std::vector<ReceivedSignal> Take();

 private:
  Signals() = default;

  base::UniqueFd fd_;
  sigset_t old_mask_ = {};
  struct sigaction old_pipe_ = {};
  struct sigaction old_file_size_ = {};
  struct sigaction old_child_ = {};
  bool stays_ = false;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_LOOP_SIGNALS_H_
