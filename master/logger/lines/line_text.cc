#include "master/logger/lines/line_text.h"

#include <charconv>
#include <ctime>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace fectl::logger {
namespace {

constexpr size_t kTimeBytes = 24;

absl::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view MarkOf(int32_t part) {
  if (part == kWholeLine) return "| ";
  if (part == kLastPart) return "<| ";
  return part == 0 ? "|> " : "<> ";
}

// What stands before each line of a record, but for the time.
std::string HeadOf(std::string_view service, const RecordHead& head, bool with_pid) {
  std::string text(service);
  if (head.stream == Stream::kOurs) {
    text += " fectl ";
  } else {
    absl::StrAppend(&text, "[", head.worker + 1, "] ");
    if (with_pid) absl::StrAppend(&text, head.pid, " ");
    if (head.stream != Stream::kBoth) absl::StrAppend(&text, View(StreamWord(head.stream)), " ");
  }
  text += MarkOf(head.part);
  return text;
}

void AppendLines(std::string_view start, const RecordHead& head, std::string_view text, std::string* out) {
  if (head.part != kWholeLine) {
    out->append(start).append(text).push_back('\n');
    return;
  }
  while (!text.empty()) {
    const size_t bytes = text.find('\n') + 1;
    out->append(start).append(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

// "2026-11-26T21:00:00.123Z", which always has the same length.
std::optional<int64_t> ParseTime(std::string_view text) {
  if (text.size() < kTimeBytes || text[10] != 'T' || text[23] != 'Z') return std::nullopt;
  std::tm parts = {};
  int milliseconds = 0;
  const auto number = [&text](size_t at, size_t digits, int* value) {
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, *value);
    return error == std::errc() && end == text.data() + at + digits;
  };
  if (!number(0, 4, &parts.tm_year) || !number(5, 2, &parts.tm_mon) || !number(8, 2, &parts.tm_mday) ||
      !number(11, 2, &parts.tm_hour) || !number(14, 2, &parts.tm_min) || !number(17, 2, &parts.tm_sec) ||
      !number(20, 3, &milliseconds))
    return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return int64_t{timegm(&parts)} * 1000 + milliseconds;
}

// Takes a number from the start of the text.
bool TakeNumber(std::string_view* text, int64_t* value) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *value);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

bool TakeStart(std::string_view* text, std::string_view start) {
  if (!text->starts_with(start)) return false;
  text->remove_prefix(start.size());
  return true;
}

std::optional<proto::LogLine> ParseText(std::string_view text, std::string_view service) {
  proto::LogLine line;
  line.service = service;
  const std::optional<int64_t> t_ms = ParseTime(text);
  if (!t_ms.has_value()) return std::nullopt;
  line.t_ms = *t_ms;
  text.remove_prefix(kTimeBytes);
  if (!TakeStart(&text, " ") || !TakeStart(&text, service)) return std::nullopt;
  if (TakeStart(&text, " fectl | ")) {
    line.stream = StreamWord(Stream::kOurs);
    line.message = text;
    return line;
  }
  if (!TakeStart(&text, "[") || !TakeNumber(&text, &line.worker) || !TakeStart(&text, "] ") ||
      !TakeNumber(&text, &line.pid) || !TakeStart(&text, " "))
    return std::nullopt;
  for (const Stream stream : {Stream::kOut, Stream::kErr}) {
    const std::string word = std::string(StreamWord(stream)) + " ";
    if (TakeStart(&text, word)) line.stream = StreamWord(stream);
  }
  if (TakeStart(&text, "|> ")) {
    line.part = 0;
  } else if (TakeStart(&text, "<> ")) {
    line.part = 1;
  } else if (TakeStart(&text, "<| ")) {
    line.part = proto::LogLine::kLastPart;
  } else if (!TakeStart(&text, "| ")) {
    return std::nullopt;
  }
  line.message = text;
  return line;
}

}  // namespace

void AppendTime(int64_t unix_ms, std::string* out) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  absl::StrAppendFormat(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                        static_cast<int>(unix_ms % 1000));
}

std::string_view StreamWord(Stream stream) {
  switch (stream) {
    case Stream::kOut:
      return "out";
    case Stream::kErr:
      return "err";
    case Stream::kOurs:
      return "fectl";
    case Stream::kBoth:
      break;
  }
  return "both";
}

void AppendAsText(std::string_view service, const RecordHead& head, std::string_view text, std::string* out) {
  std::string start;
  AppendTime(head.t_ms, &start);
  start += ' ';
  start += HeadOf(service, head, /*with_pid=*/true);
  AppendLines(start, head, text, out);
}

void AppendForConsole(std::string_view service, const RecordHead& head, std::string_view text,
                      std::string* out) {
  AppendLines(HeadOf(service, head, /*with_pid=*/false), head, text, out);
}

void AppendAsJson(std::string_view service, const RecordHead& head, std::string_view text, std::string* out) {
  ForEachLine(service, head, text, [out](proto::LogLine line) {
    line.n.reset();
    *out += proto::EncodeLogAnswer(line);
    *out += '\n';
  });
}

RecordHead OwnRecord(int64_t t_ms) {
  RecordHead head = {};
  head.t_ms = t_ms;
  head.lines = 1;
  head.part = kWholeLine;
  head.stream = Stream::kOurs;
  head.stage = kNoStage;
  return head;
}

proto::LogLine ToLine(std::string_view service, const RecordHead& head, std::string_view line,
                      uint64_t index) {
  proto::LogLine out;
  out.t_ms = head.t_ms;
  out.service = service;
  const bool ours = head.stream == Stream::kOurs;
  out.worker = ours ? 0 : int64_t{head.worker} + 1;
  out.pid = head.pid;
  out.generation = head.generation;
  out.stream = StreamWord(head.stream);
  out.message = line;
  if (head.part >= 0) out.part = head.part;
  if (head.part == kLastPart) out.part = proto::LogLine::kLastPart;
  out.n = static_cast<int64_t>(head.number + index);
  return out;
}

std::optional<proto::LogLine> ParseLine(std::string_view line, std::string_view service) {
  if (!line.starts_with('{')) return ParseText(line, service);
  absl::StatusOr<proto::LogAnswer> answer = proto::DecodeLogAnswer(line);
  if (!answer.ok()) return std::nullopt;
  if (auto* const read = std::get_if<proto::LogLine>(&*answer)) return std::move(*read);
  return std::nullopt;
}

}  // namespace fectl::logger
