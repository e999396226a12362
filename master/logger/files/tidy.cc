#include "master/logger/files/tidy.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "master/logger/files/compressed.h"

namespace fectl::logger {
namespace {

int64_t SizeOf(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 ? int64_t{found.st_size} : 0;
}

int64_t ChangedMs(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 ? int64_t{found.st_mtim.tv_sec} * 1000 : INT64_MAX;
}

}  // namespace

void Tidy::SetTotal(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  total_ = bytes;
}

void Tidy::SetService(const ServiceSettings& settings) {
  const std::lock_guard lock(mutex_);
  services_[settings.service] = settings;
}

void Tidy::ForgetService(uint64_t service) {
  const std::lock_guard lock(mutex_);
  services_.erase(service);
}

std::map<std::string, Tidy::Folder> Tidy::Folders() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Folder> folders;
  for (const auto& [id, settings] : services_) {
    const bool files = std::find(settings.to.begin(), settings.to.end(), Target::kFile) != settings.to.end();
    if (files) folders[settings.folder].services.push_back(settings);
  }
  return folders;
}

void Tidy::Compress(const std::string& folder, const Folder& of) {
  for (const ServiceSettings& service : of.services) {
    if (!service.compress) continue;
    for (const ClosedLog& log : ClosedLogs(folder, service.name)) {
      if (stopped_) return;
      if (log.compressed) continue;
      if (absl::Status done = CompressFile(log.path); !done.ok()) {
        say_(log.path + " cannot be compressed: " + std::string(done.message()));
      }
    }
  }
}

// Also of services that are not there any more: by the age that the others have.
void Tidy::RemoveOld(const std::string& folder, const Folder& of, int64_t now_ms) {
  std::map<std::string, int64_t> age_s;
  int64_t longest_s = 0;
  bool all_have = true;
  for (const ServiceSettings& service : of.services) {
    age_s[service.name] = service.max_age_s;
    longest_s = std::max(longest_s, service.max_age_s);
    all_have = all_have && service.max_age_s > 0;
  }
  for (const ClosedLog& log : ClosedLogs(folder, "")) {
    const auto own = age_s.find(log.service);
    const int64_t most_s = own != age_s.end() ? own->second : all_have ? longest_s : 0;
    if (most_s > 0 && now_ms - ChangedMs(log.path) > most_s * 1000) unlink(log.path.c_str());
  }
}

// The oldest files of any service go first; those that are written to stay.
void Tidy::KeepWithin(const std::map<std::string, Folder>& folders, int64_t now_ms) {
  uint64_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    total = total_;
  }
  std::vector<ClosedLog> closed;
  uint64_t sum = 0;
  for (const auto& [folder, of] : folders) {
    for (const ServiceSettings& service : of.services)
      sum += static_cast<uint64_t>(SizeOf(LogPath(folder, service.name)));
    for (ClosedLog& log : ClosedLogs(folder, "")) {
      sum += log.bytes;
      closed.push_back(std::move(log));
    }
  }
  std::sort(closed.begin(), closed.end(), [](const ClosedLog& a, const ClosedLog& b) {
    return std::tie(a.time, a.path) < std::tie(b.time, b.path);
  });
  for (const ClosedLog& log : closed) {
    const std::string folder = log.path.substr(0, log.path.rfind('/'));
    const bool too_much = total > 0 && sum > total;
    if (!too_much && room_->CheckNow(folder, now_ms).ok()) continue;
    if (unlink(log.path.c_str()) == 0) sum -= log.bytes;
  }
}

void Tidy::Run(int64_t now_ms) {
  const std::map<std::string, Folder> folders = Folders();
  // Room first, then what takes long.
  KeepWithin(folders, now_ms);
  for (const auto& [folder, of] : folders) {
    RemoveOld(folder, of, now_ms);
    Compress(folder, of);
  }
  KeepWithin(folders, now_ms);
}

}  // namespace fectl::logger
