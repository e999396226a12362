// How lines are written to files and to the console, and read back from files. Pure.
#ifndef FECTL_MASTER_LOGGER_LINES_LINE_TEXT_H_
#define FECTL_MASTER_LOGGER_LINES_LINE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "master/logger/memory/shared_state.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

enum class LineFormat : uint8_t { kText, kJson };

// "2026-11-26T21:00:00.123Z".
void AppendTime(int64_t unix_ms, std::string* out);

// Each line of the record with what tells where it is from. As text:
//
//   2026-11-26T21:00:00.123Z web[3] 4711 | a line
//   2026-11-26T21:00:00.123Z web[3] 4711 err | a line of its own stream
//   2026-11-26T21:00:00.123Z web[3] 4711 |> the first piece of a line
//   2026-11-26T21:00:00.123Z web[3] 4711 <> another one
//   2026-11-26T21:00:00.123Z web[3] 4711 <| the last one
//   2026-11-26T21:00:00.123Z web fectl | what fectl says of these lines
//
// The bytes of the line stand as they were written. No line can look like one of another worker, since
// nothing in it begins a new one.
void AppendAsText(std::string_view service, const RecordHead& head, std::string_view text, std::string* out);

// One object a line, as readers get it (proto_spec/log_protocol.md), but for the number of the line.
void AppendAsJson(std::string_view service, const RecordHead& head, std::string_view text, std::string* out);

// "web[3] | a line", without a time.
void AppendForConsole(std::string_view service, const RecordHead& head, std::string_view text,
                      std::string* out);

// What fectl itself says of a service's lines, as a record.
RecordHead OwnRecord(int64_t t_ms);

// Calls visit(LogLine) for each line of a record.
template <typename Visit>
void ForEachLine(std::string_view service, const RecordHead& head, std::string_view text, Visit visit);

// A line of a file, of either format; nullopt: it is none.
std::optional<proto::LogLine> ParseLine(std::string_view line, std::string_view service);

// The word of a stream in messages.
std::string_view StreamWord(Stream stream);

// One line of the record without its newline, `index` counted from 0.
proto::LogLine ToLine(std::string_view service, const RecordHead& head, std::string_view line,
                      uint64_t index);

template <typename Visit>
void ForEachLine(std::string_view service, const RecordHead& head, std::string_view text, Visit visit) {
  if (head.part != kWholeLine) return visit(ToLine(service, head, text, 0));
  for (uint64_t index = 0; !text.empty(); ++index) {
    const size_t end = text.find('\n');
    visit(ToLine(service, head, text.substr(0, end), index));
    text.remove_prefix(end + 1);
  }
}

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LINES_LINE_TEXT_H_
