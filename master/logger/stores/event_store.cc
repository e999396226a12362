#include "master/logger/stores/event_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/logger/files/log_files.h"
#include "master/platform/files/output_file.h"

namespace fectl::logger {
namespace {

constexpr char kPresent[] = "events.jsonl";
constexpr char kOld[] = "events.old.jsonl";

std::optional<proto::EventLine> Parse(std::string_view json) {
  absl::StatusOr<proto::LogAnswer> answer = proto::DecodeLogAnswer(json);
  if (!answer.ok()) return std::nullopt;
  if (auto* const event = std::get_if<proto::EventLine>(&*answer)) return std::move(*event);
  return std::nullopt;
}

// Events of a file in their order, until `visit` returns false.
bool ReadFile(const std::string& path, const std::function<bool(proto::EventLine)>& visit) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::optional<proto::EventLine> event = Parse(line);
    if (event.has_value() && !visit(*std::move(event))) return false;
  }
  return true;
}

// A line whose end was not written is none.
void CutTornLine(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<int64_t>(file.tellg());
  int64_t end = size;
  char last = '\n';
  while (end > 0) {
    file.seekg(end - 1);
    file.get(last);
    if (last == '\n') break;
    --end;
  }
  if (size > 0 && end != size && truncate(path.c_str(), end) != 0) return;  // its reader passes over it
}

}  // namespace

void EventStore::Open(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  if (folder == folder_) return;
  folder_ = folder;
  file_.reset();
  if (folder_.empty()) return;
  CutTornLine(Path(kPresent));
  const auto note = [this](const proto::EventLine& event) {
    last_ = event.seq;
    boot_ = event.boot;
    return true;
  };
  if (!last_) {
    ReadFile(Path(kOld), note);
    ReadFile(Path(kPresent), note);
  }
}

absl::Status EventStore::Write(std::string_view json) {
  if (folder_.empty()) return absl::OkStatus();
  if (!file_.valid()) {
    if (absl::Status made = MakeLogFolder(folder_); !made.ok()) return made;
    absl::StatusOr<base::UniqueFd> opened = platform::OpenOutputFile(Path(kPresent));
    if (!opened.ok()) return opened.status();
    file_ = *std::move(opened);
    struct stat file = {};
    size_ = fstat(file_.get(), &file) == 0 ? static_cast<uint64_t>(file.st_size) : 0;
  }
  const std::string line = absl::StrCat(std::string(json), "\n");
  ssize_t written = 0;
  do {
    written = write(file_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) file_.reset();
    return absl::ErrnoToStatus(error, absl::StrCat("events cannot be written to ", Path(kPresent)));
  }
  size_ += line.size();
  if (size_ < kFileBytesMax) return absl::OkStatus();
  file_.reset();
  if (std::rename(Path(kPresent).c_str(), Path(kOld).c_str()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(Path(kPresent), " cannot be renamed"));
}

absl::Status EventStore::Append(uint64_t sequence, std::string_view json) {
  const std::lock_guard lock(mutex_);
  std::optional<proto::EventLine> event = Parse(json);
  if (!event.has_value() || json.find('\n') != std::string_view::npos)
    return absl::InvalidArgumentError(absl::StrCat("event ", sequence, " is no JSON object in one line"));
  if (event->boot == boot_ && sequence <= last_) return absl::OkStatus();
  if (event->boot != boot_) recent_.clear();
  boot_ = event->boot;
  last_ = sequence;
  recent_bytes_ += json.size();
  recent_.push_back(*std::move(event));
  while (recent_bytes_ > kMemoryBytesMax && recent_.size() > 1) {
    recent_bytes_ -= recent_.front().json.size();
    recent_.pop_front();
  }
  const absl::Status written = Write(json);
  for (Bell* const bell : bells_) bell->Ring();
  return written;
}

void EventStore::ForEach(const std::function<bool(const proto::EventLine&)>& visit) const {
  std::string folder;
  std::deque<proto::EventLine> recent;
  {
    const std::lock_guard lock(mutex_);
    folder = folder_;
    recent = recent_;
  }
  uint64_t last = 0;
  std::string boot;
  const auto note = [&](const proto::EventLine& event) {
    // Where the files change places meanwhile, one is read twice.
    if (event.boot == boot && event.seq <= last) return true;
    last = event.seq;
    boot = event.boot;
    return visit(event);
  };
  if (!folder.empty()) {
    if (!ReadFile(folder + "/" + kOld, note) || !ReadFile(folder + "/" + kPresent, note)) return;
  }
  for (const proto::EventLine& event : recent) {
    if (!note(event)) return;
  }
}

void EventStore::After(uint64_t sequence, const std::string& boot,
                       std::vector<proto::EventLine>* events) const {
  const std::lock_guard lock(mutex_);
  for (const proto::EventLine& event : recent_) {
    if (event.seq > sequence || event.boot != boot) events->push_back(event);
  }
}

std::string EventStore::boot() const {
  const std::lock_guard lock(mutex_);
  return boot_;
}

bool EventStore::Has(const std::string& boot) const {
  bool found = false;
  ForEach([&](const proto::EventLine& event) {
    found = event.boot == boot;
    return !found;
  });
  return found;
}

void EventStore::AddBell(Bell* bell) {
  const std::lock_guard lock(mutex_);
  bells_.insert(bell);
}

void EventStore::RemoveBell(Bell* bell) {
  const std::lock_guard lock(mutex_);
  bells_.erase(bell);
}

}  // namespace fectl::logger
