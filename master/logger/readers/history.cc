#include "master/logger/readers/history.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "master/logger/files/log_files.h"
#include "master/logger/lines/line_text.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {
namespace {

constexpr size_t kBlockBytes = size_t{256} << 10;
// A writer that is at work is seen at rest after a few looks.
constexpr int kLooksMax = 10'000;

// The lines of the ring up to its end.
std::string TextOf(const ServiceLog& log, const std::string& service, ServiceLog::End end) {
  std::string text;
  uint64_t position = 0;
  while (position < end.position) {
    const std::string records = log.Copy(&position, kBlockBytes);
    if (records.empty()) break;
    WalkRecords(records, [&](const RecordHead& head, std::string_view lines) {
      if (head.number < end.number) AppendAsJson(service, head, lines, &text);
    });
  }
  return text;
}

}  // namespace

History::History(const ServiceLog& log) {
  const ServiceLog::SettingsPtr settings = log.settings();
  service_ = settings->name;
  if (!WritesTo(*settings, Target::kFile)) {
    end_ = log.end();
    parts_.push_back({"", TextSource(TextOf(log, service_, end_))});
  } else {
    for (ClosedLog& closed : ClosedLogs(settings->folder, service_))
      parts_.push_back({std::move(closed.path), nullptr});
    Snapshot(log, *settings);
  }
  part_ = parts_.size();
}

// The file that is written to, and how far it was written when the ring was so far.
void History::Snapshot(const ServiceLog& log, const ServiceSettings& settings) {
  const SinkState& sink = log.sink(Target::kFile);
  const std::string path = LogPath(settings.folder, service_);
  for (int i = 0; i < kLooksMax; ++i) {
    end_ = {sink.position, sink.number};
    const bool armed = sink.armed != 0;
    const uint64_t written = sink.offset;
    base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat found = {};
    if (!file.valid() || fstat(file.get(), &found) != 0) return;
    const bool rests = sink.position == end_.position && armed == (sink.armed != 0) && written == sink.offset;
    const bool same = !armed || sink.inode == found.st_ino;
    if (!rests || !same) continue;
    parts_.push_back(
        {"", FileSource(std::move(file), armed ? written : static_cast<uint64_t>(found.st_size))});
    return;
  }
}

LogSource* History::Source(size_t part) {
  if (parts_[part].source == nullptr) {
    absl::StatusOr<std::unique_ptr<LogSource>> opened = OpenClosedLog(parts_[part].path);
    // One that was removed meanwhile is as if it had been empty.
    parts_[part].source = opened.ok() ? *std::move(opened) : TextSource("");
  }
  return parts_[part].source.get();
}

bool History::GoBackIn(size_t part, std::optional<int64_t>* lines, std::optional<int64_t> since_ms,
                       const Match& match) {
  LogSource* const source = Source(part);
  part_ = part;
  offset_ = source->size();
  std::string tail;  // what stands between the block and offset_: the end of a line
  for (uint64_t at = offset_; at > 0;) {
    const uint64_t begin = at - std::min<uint64_t>(at, kBlockBytes);
    std::string block = source->ReadAt(begin, at - begin) + tail;
    at = begin;
    // Lines from the last one back; the first of the block may have begun before it.
    size_t end = block.size();
    while (end > 0) {
      const size_t last = block.rfind('\n', end - 1 - (block[end - 1] == '\n' ? 1 : 0));
      const bool at_start = end == 1 && block[0] == '\n';
      const size_t from = last == std::string::npos || at_start ? 0 : last + 1;
      if (from == 0 && begin > 0) break;
      std::string_view text = std::string_view(block).substr(from, end - from);
      if (text.ends_with('\n')) text.remove_suffix(1);
      const std::optional<proto::LogLine> line = ParseLine(text, service_);
      if (line.has_value() && since_ms.has_value() && line->t_ms < *since_ms) return true;
      if (line.has_value() && match(*line) && lines->has_value()) --**lines;
      offset_ = begin + from;
      end = from;
      if (lines->has_value() && **lines <= 0) return true;
    }
    tail = block.substr(0, end);
  }
  return false;
}

void History::GoBack(std::optional<int64_t> lines, std::optional<int64_t> since_ms, const Match& match) {
  buffer_.clear();
  used_ = 0;
  part_ = parts_.size();
  if (lines.has_value() && *lines <= 0) return;
  for (size_t part = parts_.size(); part > 0; --part) {
    if (GoBackIn(part - 1, &lines, since_ms, match)) return;
    // A closed file need not stay open, or in memory, until it is read on.
    if (part < parts_.size() && !parts_[part].path.empty()) parts_[part].source.reset();
  }
}

std::optional<proto::LogLine> History::Next() {
  while (part_ < parts_.size()) {
    const size_t end = buffer_.find('\n', used_);
    if (end != std::string::npos) {
      const std::string_view text = std::string_view(buffer_).substr(used_, end - used_);
      std::optional<proto::LogLine> line = ParseLine(text, service_);
      used_ = end + 1;
      if (line.has_value()) return line;
      continue;
    }
    buffer_.erase(0, used_);
    used_ = 0;
    const std::string block = Source(part_)->ReadAt(offset_, kBlockBytes);
    offset_ += block.size();
    buffer_ += block;
    if (!block.empty()) continue;
    if (!parts_[part_].path.empty()) parts_[part_].source.reset();
    ++part_;
    offset_ = 0;
    buffer_.clear();
  }
  return std::nullopt;
}

}  // namespace fectl::logger
