#include "master/evidence/native_stacks.h"

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "elfutils/libdwfl.h"
#include "master/evidence/symbols.h"

namespace fectl::evidence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kFramesMax = 64;
// The source's line is looked up for so many of a thread: those that people read.
constexpr size_t kLinesMax = 12;
// A thread that runs is stopped at its next entry into the kernel or its next tick.
constexpr std::chrono::milliseconds kStopLimit{100};

// A thread that is stopped for as long as this exists.
class Stopped {
 public:
  explicit Stopped(pid_t thread, Clock::time_point deadline) : thread_(thread) {
    if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
      error_ = errno;
      return;
    }
    seized_ = true;
    if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) {
      error_ = errno;
      return;
    }
    const Clock::time_point end = std::min(deadline, Clock::now() + kStopLimit);
    while (!stopped_) {
      int status = 0;
      const pid_t waited = waitpid(thread, &status, __WALL | WNOHANG);
      stopped_ = waited == thread && WIFSTOPPED(status);
      if (stopped_ || waited < 0 || (waited == thread && !WIFSTOPPED(status)) || Clock::now() >= end) break;
      poll(nullptr, 0, 1);
    }
    if (!stopped_) error_ = ETIMEDOUT;
  }
  ~Stopped() {
    if (seized_) ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

  int error() const { return error_; }

 private:
  pid_t thread_;
  bool seized_ = false;
  bool stopped_ = false;
  int error_ = 0;
};

struct Walk {
  const Symbols* symbols;
  std::vector<Frame>* frames;
};

int OnFrame(Dwfl_Frame* state, void* argument) {
  auto* walk = static_cast<Walk*>(argument);
  Dwarf_Addr address = 0;
  bool exact = false;  // the instruction that runs, and not one that is returned to
  if (!dwfl_frame_pc(state, &address, &exact)) return DWARF_CB_ABORT;
  walk->frames->push_back(walk->symbols->At(address, !exact, walk->frames->size() < kLinesMax));
  return walk->frames->size() < kFramesMax ? DWARF_CB_OK : DWARF_CB_ABORT;
}

}  // namespace

absl::Status ReadStacks(pid_t pid, Clock::time_point deadline, std::vector<Thread>* threads) {
  auto symbols = Symbols::OfProcess(pid);
  if (!symbols.ok()) return symbols.status();
  if (const int error = dwfl_linux_proc_attach(symbols->dwfl(), pid, /*assume_ptrace_stopped=*/true);
      error != 0)
    return error > 0 ? absl::ErrnoToStatus(error, "attach") : absl::UnavailableError(dwfl_errmsg(-1));
  absl::Status first = absl::UnavailableError("it has no thread");
  for (size_t i = 0; i < threads->size() && Clock::now() < deadline; ++i) {
    Thread& thread = (*threads)[i];
    absl::Status read = absl::OkStatus();
    if (thread.state == 'D') {
      read = absl::UnavailableError("it waits in the kernel and cannot be stopped");
    } else if (const Stopped stopped(thread.id, deadline); stopped.error() != 0) {
      read = absl::ErrnoToStatus(stopped.error(), "ptrace");
    } else {
      Walk walk{.symbols = &*symbols, .frames = &thread.frames};
      dwfl_getthread_frames(symbols->dwfl(), thread.id, OnFrame, &walk);
      if (thread.frames.empty()) read = absl::UnavailableError(dwfl_errmsg(-1));
    }
    if (i == 0) first = read;
  }
  return first;
}

}  // namespace fectl::evidence
