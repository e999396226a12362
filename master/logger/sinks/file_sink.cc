#include "master/logger/sinks/file_sink.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/logger/files/log_files.h"
#include "master/logger/lines/line_text.h"
#include "master/platform/files/output_file.h"

namespace fectl::logger {
namespace {

absl::Status Errno(int error) {
  return absl::UnknownError(error == ENOSPC ? "the disk is full" : std::strerror(error));
}

void AppendRecord(const ServiceSettings& settings, const RecordHead& head, std::string_view text,
                  std::string* out) {
  if (settings.json) {
    AppendAsJson(settings.name, head, text, out);
  } else {
    AppendAsText(settings.name, head, text, out);
  }
}

}  // namespace

std::string FileSink::Trouble(const ServiceSettings& settings) const {
  return absl::StrCat("lines of service ", settings.name, " cannot be written to ",
                      LogPath(settings.folder, settings.name));
}

void FileSink::Reopen() {
  file_.reset();
  path_.clear();
  Sink::Reopen();
}

absl::Status FileSink::Open(const ServiceSettings& settings) {
  const std::string path = LogPath(settings.folder, settings.name);
  if (file_.valid() && path == path_) return absl::OkStatus();
  file_.reset();
  if (absl::Status made = MakeLogFolder(settings.folder); !made.ok()) return made;
  absl::StatusOr<base::UniqueFd> opened = platform::OpenOutputFile(path);
  if (!opened.ok()) return opened.status();
  file_ = *std::move(opened);
  path_ = path;
  begun_ms_ = 0;
  FinishLastWrite();
  return absl::OkStatus();
}

// What the logger before this one was writing when it was killed is in the file, or is taken out of it again.
void FileSink::FinishLastWrite() {
  SinkState& sink = state();
  if (sink.armed == 0) return;
  struct stat file = {};
  const bool same = fstat(file_.get(), &file) == 0 && file.st_dev == sink.device && file.st_ino == sink.inode;
  const auto size = static_cast<uint64_t>(file.st_size);
  if (same && size >= sink.offset + sink.length) {
    sink.position = sink.next_position;
    sink.number = sink.next_number;
  } else if (same && size > sink.offset && ftruncate(file_.get(), static_cast<off_t>(sink.offset)) != 0) {
    // The half of a batch stays, and the whole of it follows.
    observer().OnSaid(true,
                      absl::StrCat(path_, " cannot be cut to its last whole line: ", std::strerror(errno)));
  }
  sink.armed = 0;
}

bool FileSink::IsDone(const ServiceSettings& settings, uint64_t more, int64_t now_ms) const {
  if (size_ == 0) return false;
  if (settings.max_size > 0 && size_ + more > settings.max_size) return true;
  return settings.max_age_s > 0 && begun_ms_ > 0 && now_ms - begun_ms_ > settings.max_age_s * 1000;
}

absl::Status FileSink::CloseFile(const ServiceSettings& settings, int64_t now_ms) {
  const std::string closed = ClosedLogPath(settings.folder, settings.name, now_ms);
  if (std::rename(path_.c_str(), closed.c_str()) != 0) return Errno(errno);
  file_.reset();
  path_.clear();
  observer().OnFilesToTidy();
  return Open(settings);
}

absl::Status FileSink::Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) {
  if (absl::Status room = room_->Check(settings.folder, now_ms); !room.ok()) {
    observer().OnFilesToTidy();
    return room;
  }
  std::string text;
  text.reserve(batch.records.size() * 2);
  if (!batch.notice.empty()) AppendRecord(settings, OwnRecord(now_ms), batch.notice + "\n", &text);
  WalkRecords(batch.records, [&](const RecordHead& head, std::string_view lines) {
    AppendRecord(settings, head, lines, &text);
  });
  struct stat file = {};
  if (fstat(file_.get(), &file) != 0) return Errno(errno);
  size_ = static_cast<uint64_t>(file.st_size);
  if (begun_ms_ == 0) begun_ms_ = size_ == 0 ? now_ms : FirstTimeIn(path_);
  if (IsDone(settings, text.size(), now_ms)) {
    if (absl::Status closed = CloseFile(settings, now_ms); !closed.ok()) return closed;
    size_ = 0;
    begun_ms_ = now_ms;
  }
  absl::Status written = Append(text, batch);
  if (!written.ok()) observer().OnFilesToTidy();
  return written;
}

absl::Status FileSink::Append(std::string_view text, const Batch& batch) {
  struct stat file = {};
  if (fstat(file_.get(), &file) != 0) return Errno(errno);
  SinkState& sink = state();
  sink.device = file.st_dev;
  sink.inode = file.st_ino;
  sink.offset = static_cast<uint64_t>(file.st_size);
  sink.length = text.size();
  sink.next_position = batch.next_position;
  sink.next_number = batch.next_number;
  sink.armed = 1;
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t some = write(file_.get(), text.data() + done, text.size() - done);
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) {
      const int error = errno;
      // Lines are whole or not there.
      if (done > 0 && ftruncate(file_.get(), file.st_size) != 0) return Errno(errno);
      sink.armed = 0;
      return Errno(error);
    }
    done += static_cast<size_t>(some);
  }
  NoteWritten(batch);
  sink.armed = 0;
  size_ += text.size();
  return absl::OkStatus();
}

}  // namespace fectl::logger
