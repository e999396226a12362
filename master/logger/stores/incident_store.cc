#include "master/logger/stores/incident_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "master/logger/files/log_files.h"
#include "master/platform/files/output_file.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {
namespace {

constexpr std::string_view kEnd = ".json";

}  // namespace

std::string IncidentStore::PathOf(uint64_t id) const {
  return absl::StrCat(folder_, "/", id, std::string(kEnd));
}

uint64_t IncidentStore::Open(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  folder_ = folder.empty() ? "" : folder + "/incidents";
  uint64_t newest = in_memory_.empty() ? 0 : in_memory_.rbegin()->first;
  if (!folder_.empty()) {
    const std::vector<uint64_t> ids = Ids();
    if (!ids.empty()) newest = std::max(newest, ids.back());
  }
  return newest;
}

absl::Status IncidentStore::Put(uint64_t id, bool last, std::string_view bytes, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  std::string& whole = pieces_[id];
  const bool fits = whole.size() + bytes.size() <= kBytesMax;
  if (fits) whole += bytes;
  if (!last) return absl::OkStatus();
  std::string text = std::move(whole);
  pieces_.erase(id);
  if (!fits) return absl::ResourceExhaustedError(absl::StrCat("incident ", id, " is larger than 256 KiB"));
  return Keep(id, std::move(text), now_ms);
}

absl::Status IncidentStore::Keep(uint64_t id, std::string bytes, int64_t now_ms) {
  if (folder_.empty()) {
    proto::Incident incident{.id = id, .t_ms = now_ms, .bytes = bytes.size()};
    incident.summary = proto::SummaryOf(bytes);
    incident.text = std::move(bytes);
    in_memory_[id] = std::move(incident);
    while (in_memory_.size() > kKept) in_memory_.erase(in_memory_.begin());
    return absl::OkStatus();
  }
  if (absl::Status written = WriteFile(id, bytes); !written.ok()) return written;
  std::vector<uint64_t> ids = Ids();
  for (size_t i = 0; i + kKept < ids.size(); ++i) unlink(PathOf(ids[i]).c_str());
  return absl::OkStatus();
}

// Under another name first: what is there is whole.
absl::Status IncidentStore::WriteFile(uint64_t id, std::string_view bytes) const {
  if (absl::Status made = MakeLogFolder(folder_); !made.ok()) return made;
  const std::string part = PathOf(id) + ".part";
  unlink(part.c_str());
  absl::StatusOr<base::UniqueFd> file = platform::OpenOutputFile(part, 0600);
  if (!file.ok()) return file.status();
  while (!bytes.empty()) {
    const ssize_t some = write(file->get(), bytes.data(), bytes.size());
    if (some < 0 && errno == EINTR) continue;
    if (some < 0)
      return absl::ErrnoToStatus(errno, absl::StrCat("incident ", id, " cannot be written to ", part));
    bytes.remove_prefix(static_cast<size_t>(some));
  }
  if (std::rename(part.c_str(), PathOf(id).c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(part, " cannot be renamed"));
}

std::vector<uint64_t> IncidentStore::Ids() const {
  std::vector<uint64_t> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    uint64_t id = 0;
    if (!name.ends_with(kEnd)) continue;
    name.resize(name.size() - kEnd.size());
    if (absl::SimpleAtoi(name, &id)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<proto::Incident> IncidentStore::Read(uint64_t id) const {
  struct stat found = {};
  if (stat(PathOf(id).c_str(), &found) != 0) return std::nullopt;
  std::ifstream file(PathOf(id), std::ios::binary);
  proto::Incident incident{.id = id, .t_ms = int64_t{found.st_mtim.tv_sec} * 1000};
  incident.text.assign(std::istreambuf_iterator<char>(file), {});
  incident.bytes = incident.text.size();
  incident.summary = proto::SummaryOf(incident.text);
  return incident;
}

std::vector<proto::Incident> IncidentStore::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<proto::Incident> list;
  for (const auto& [id, incident] : in_memory_) list.push_back(incident);
  if (!folder_.empty()) {
    for (const uint64_t id : Ids()) {
      if (std::optional<proto::Incident> incident = Read(id)) list.push_back(*std::move(incident));
    }
  }
  for (proto::Incident& incident : list) incident.text.clear();
  std::reverse(list.begin(), list.end());
  return list;
}

std::optional<proto::Incident> IncidentStore::Find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = in_memory_.find(id); found != in_memory_.end()) return found->second;
  return folder_.empty() ? std::nullopt : Read(id);
}

}  // namespace fectl::logger
