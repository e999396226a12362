#include "master/logger/memory/stage.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fectl::logger {
namespace {

void FillRoom(uint32_t seed, char* at, size_t bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    seed = seed * 1'664'525 + 1'013'904'223;
    word = word << 8 | (0xf8 | (seed >> 28 & 7));
  }
  while (bytes >= sizeof word) {
    std::memcpy(at, &word, sizeof word);
    at += sizeof word;
    bytes -= sizeof word;
  }
  std::memcpy(at, &word, bytes);
}

// How many of the bytes are not the fill at their end.
size_t ChangedBytes(uint32_t seed, const char* at, size_t bytes) {
  const std::string fill = FillFor(seed, bytes);
  while (bytes > 0 && at[bytes - 1] == fill[bytes - 1]) --bytes;
  return bytes;
}

uint32_t CountLines(std::string_view text) {
  return static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

std::string FillFor(uint32_t seed, size_t bytes) {
  std::string fill(bytes, '\0');
  FillRoom(seed, fill.data(), bytes);
  return fill;
}

uint32_t SeedAt(uint64_t filled) {
  return static_cast<uint32_t>(filled * 2'654'435'761 + 1);
}

Stage::Stage(const Arena::Stage& block, const std::optional<RecordHead>& last) : block_(block) {
  FinishRead();
  StageHead& head = *block_.head;
  if (head.last_changes % 2 != 0) head.last_bytes = 0;
  head.last_changes = 0;
  if (!last.has_value() || last->stage != block_.index || last->pid != head.pid ||
      last->generation != head.generation || last->taken < head.taken)
    return;
  head.taken = last->taken;
  head.part = last->part >= 0 ? last->part + 1 : 0;
}

// A read whose end was not noted: either it was not made, or all of it is there.
void Stage::FinishRead() {
  StageHead& head = *block_.head;
  const uint64_t pending = head.pending;
  if (pending != 0 && head.filled == head.pending_at) {
    const char* const room = block_.buffer + (head.filled - head.base);
    head.filled += ChangedBytes(static_cast<uint32_t>(pending), room, pending >> 32);
  }
  head.pending = 0;
}

void Stage::Begin(const Arena::Stage& block, const Writer& writer) {
  StageHead& head = *block.head;
  head.service = writer.service;
  head.generation = writer.generation;
  head.worker = writer.worker;
  head.pid = writer.pid;
  head.stream = writer.stream;
  head.used = 1;
}

Writer Stage::writer() const {
  const StageHead& head = *block_.head;
  return {.service = head.service,
          .worker = head.worker,
          .generation = head.generation,
          .pid = head.pid,
          .stream = head.stream};
}

Stage::ReadResult Stage::Read(int pipe, bool hung_up) {
  StageHead& head = *block_.head;
  MakeRoom();
  int waiting = 0;
  if (ioctl(pipe, FIONREAD, &waiting) != 0) return ReadResult::kEnd;
  if (waiting == 0) return hung_up ? ReadResult::kEnd : ReadResult::kNothing;
  const size_t at = head.filled - head.base;
  const size_t bytes = std::min<size_t>(static_cast<size_t>(waiting), kStageBytes - at);
  if (bytes == 0) return ReadResult::kFull;
  // No more than waits there: so the read, once begun, gives all of it.
  const uint32_t seed = SeedAt(head.filled);
  FillRoom(seed, block_.buffer + at, bytes);
  head.pending_at = head.filled.load();
  head.pending = uint64_t{bytes} << 32 | seed;
  const ssize_t got = read(pipe, block_.buffer + at, bytes);
  if (got > 0) head.filled += static_cast<uint64_t>(got);
  head.pending = 0;
  if (got > 0) return ReadResult::kSome;
  return got == 0 ? ReadResult::kEnd : ReadResult::kNothing;
}

std::string_view Stage::Unmoved() const {
  const StageHead& head = *block_.head;
  return {block_.buffer + (head.taken - head.base), static_cast<size_t>(head.filled - head.taken)};
}

// What is left goes to the start of the buffer where it does not overlap with its new place.
void Stage::MakeRoom() {
  StageHead& head = *block_.head;
  const std::string_view left = Unmoved();
  const uint64_t begin = head.taken - head.base;
  if (begin == 0 || begin < left.size()) return;
  std::memcpy(block_.buffer, left.data(), left.size());
  head.base = head.taken.load();
}

Stage::Cut Stage::NextCut(std::string_view bytes, const Rules& rules) const {
  using Rest = Rules::Rest;
  const int32_t open = block_.head->part;
  // A line of exactly line_max bytes is whole.
  const std::string_view start = bytes.substr(0, rules.line_max + 1);
  if (open == 0) {
    const size_t last_end = start.rfind('\n');
    if (last_end != std::string_view::npos) {
      return {last_end + 1, last_end + 1, CountLines(start.substr(0, last_end + 1)), kWholeLine};
    }
  } else if (const size_t end = start.find('\n'); end != std::string_view::npos) {
    return {end + 1, end, 1, kLastPart};
  }
  if (start.size() > rules.line_max) {
    size_t piece = rules.line_max;
    while (piece > 1 && piece + 4 > rules.line_max && (static_cast<uint8_t>(start[piece]) & 0xc0) == 0x80)
      --piece;
    return {piece, piece, 1, open};
  }
  if (start.empty() || rules.rest == Rest::kKeep) return {};
  return {start.size(), start.size(), 1, rules.rest == Rest::kEnd ? kLastPart : open};
}

bool Stage::Move(const Rules& rules, Ring* ring) {
  StageHead& head = *block_.head;
  for (;;) {
    const std::string_view bytes = Unmoved();
    const Cut cut = NextCut(bytes, rules);
    if (cut.bytes == 0) return true;
    if (rules.keep_from.has_value() && ring->OverwrittenBy(cut.text) > *rules.keep_from) return false;
    const std::string_view text = bytes.substr(0, cut.text);
    RecordHead record = {};
    record.generation = head.generation;
    record.taken = head.taken + cut.bytes;
    record.t_ms = rules.t_ms;
    record.lines = cut.lines;
    record.worker = head.worker;
    record.pid = head.pid;
    record.stage = block_.index;
    record.part = cut.part;
    record.stream = head.stream;
    ring->Append(record, text);
    head.taken += cut.bytes;
    head.part = cut.part >= 0 ? cut.part + 1 : 0;
    KeepLast(text, cut.part);
  }
}

void Stage::KeepLast(std::string_view text, int32_t part) {
  StageHead& head = *block_.head;
  const size_t end = part == kLastPart ? 1 : 0;
  ++head.last_changes;
  text = text.substr(text.size() - std::min(text.size(), kLastBytes - end));
  const size_t kept = std::min<size_t>(head.last_bytes, kLastBytes - end - text.size());
  std::memmove(head.last, head.last + (head.last_bytes - kept), kept);
  std::memcpy(head.last + kept, text.data(), text.size());
  if (end != 0) head.last[kept + text.size()] = '\n';
  head.last_bytes = static_cast<uint32_t>(kept + text.size() + end);
  ++head.last_changes;
}

std::string Stage::Unfinished() const {
  std::string_view bytes = Unmoved();
  bytes.remove_prefix(bytes.size() - std::min(bytes.size(), kLastBytes));
  return bytes.empty() ? "" : std::string(bytes) + "\n";
}

std::string Stage::LastLines() const {
  const StageHead& head = *block_.head;
  std::string_view text(head.last, head.last_bytes);
  // The first line may have lost its start.
  if (const size_t end = text.find('\n');
      text.size() == kLastBytes && end + 1 < text.size() && end != text.npos)
    text = text.substr(end + 1);
  size_t lines = CountLines(text) + (text.ends_with('\n') || text.empty() ? 0 : 1);
  for (; lines > kLastLines; --lines) text = text.substr(text.find('\n') + 1);
  std::string last(text);
  if (!last.empty() && last.back() != '\n') last += '\n';
  return last;
}

}  // namespace fectl::logger
