#include "master/logger/files/room.h"

#include <sys/statvfs.h>

#include "absl/strings/str_cat.h"

namespace fectl::logger {
namespace {

constexpr int64_t kLookEveryMs = 1'000;

}  // namespace

void Room::Set(uint64_t bytes, uint32_t percent) {
  const std::lock_guard lock(mutex_);
  bytes_ = bytes;
  percent_ = percent;
  seen_.clear();
}

absl::Status Room::Look(const std::string& folder) const {
  if (bytes_ == 0 && percent_ == 0) return absl::OkStatus();
  struct statvfs system = {};
  if (statvfs(folder.c_str(), &system) != 0) return absl::OkStatus();  // the write says what is wrong
  const double free = static_cast<double>(system.f_bavail);
  const bool few = free * static_cast<double>(system.f_frsize) < static_cast<double>(bytes_);
  if (percent_ > 0 && free * 100 < static_cast<double>(system.f_blocks) * percent_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("less than ", percent_, "% of the disk is free (keep_free)"));
  }
  return few ? absl::ResourceExhaustedError("less of the disk is free than keep_free says")
             : absl::OkStatus();
}

absl::Status Room::CheckNow(const std::string& folder, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  return (seen_[folder] = {.at_ms = now_ms, .status = Look(folder)}).status;
}

absl::Status Room::Check(const std::string& folder, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[folder];
  if (seen.at_ms == 0 || now_ms < seen.at_ms || now_ms - seen.at_ms >= kLookEveryMs) {
    seen = {.at_ms = now_ms, .status = Look(folder)};
  }
  return seen.status;
}

}  // namespace fectl::logger
