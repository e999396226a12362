#include "client/events/hook.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

// A command that fails mostly needs something that is not there for a while.
constexpr int64_t kFirstPauseMs = 1000;
constexpr int64_t kLongestPauseMs = 30'000;

}  // namespace

absl::Status Hook::Begin(const std::string& json, int64_t now_ms) {
  json_ = json + "\n";
  pause_ms_ = 0;
  retry_at_ms_ = now_ms;
  trouble_.clear();
  return Start();
}

absl::Status Hook::Start() {
  // Whole at once, whether the command reads it or not.
  const base::UniqueFd input(memfd_create("event", MFD_CLOEXEC));
  if (!input.valid() ||
      write(input.get(), json_.data(), json_.size()) != static_cast<ssize_t>(json_.size()) ||
      lseek(input.get(), 0, SEEK_SET) != 0)
    return absl::ErrnoToStatus(errno, "no memory for the event that --exec is to get");
  Program program{.arguments = {"/bin/sh", "-c", command_}};
  program.is_apart = true;
  program.in_fd = input.get();
  absl::StatusOr<Child> child = Child::Start(program);
  if (!child.ok()) return child.status();
  child_ = *std::move(child);
  state_ = State::kRuns;
  return absl::OkStatus();
}

bool Hook::Proceed(int64_t now_ms) {
  if (state_ == State::kWaits && now_ms >= retry_at_ms_) {
    const absl::Status started = Start();
    if (started.ok()) return false;
    trouble_ = std::string(started.message());
  } else if (state_ == State::kRuns) {
    const std::optional<int> end = child_->TakeEnd();
    if (!end.has_value()) return false;
    child_.reset();
    trouble_ = EndedWell(*end) ? "" : EndText(*end);
    if (trouble_.empty()) {
      state_ = State::kIdle;
      return true;
    }
  } else {
    return false;
  }
  state_ = State::kWaits;
  pause_ms_ = pause_ms_ == 0 ? kFirstPauseMs : std::min(pause_ms_ * 2, kLongestPauseMs);
  retry_at_ms_ = now_ms + pause_ms_;
  return false;
}

void Hook::End(bool kill) {
  if (child_.has_value()) child_->SignalGroup(kill ? SIGKILL : SIGTERM);
}

}  // namespace fectl::client
