#include "master/config/logs/logs_section.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "master/config/facilities.h"
#include "master/config/logs/amounts.h"

namespace fectl::config {
namespace {

constexpr int64_t kLineLeast = 1 << 10;
constexpr int64_t kLineMost = 64 << 10;   // what the logger has room for
constexpr int64_t kFileLeast = 64 << 10;  // a smaller one is closed several times a second
constexpr int64_t kAgeMost = int64_t{86'400} * 3'650;

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

template <typename Word, size_t count>
std::optional<Word> ReadWord(SectionReader* reader, std::string_view key,
                             const std::string_view (&words)[count]) {
  const std::optional<size_t> index = reader->OneOf(key, words);
  if (!index.has_value()) return std::nullopt;
  return static_cast<Word>(*index);
}

std::optional<std::vector<LogsTo>> ReadTo(SectionReader* reader) {
  static constexpr std::string_view kTo[] = {"file", "journald", "console", "syslog"};
  const std::optional<std::vector<std::string>> words = reader->Strings("to", /*or_one=*/true);
  if (!words.has_value()) return std::nullopt;
  std::vector<LogsTo> to;
  for (const std::string& word : *words) {
    const auto* const known = std::find(std::begin(kTo), std::end(kTo), std::string_view(word));
    if (known == std::end(kTo)) {
      reader->FailWith("to", R"(an array of "file", "journald", "console" and "syslog")",
                       Value{0, false, word});
      return std::nullopt;
    }
    const auto one = static_cast<LogsTo>(known - std::begin(kTo));
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
  return to;
}

OutputConfig ReadOutput(SectionReader* reader) {
  static constexpr std::string_view kFormats[] = {"text", "json"};
  static constexpr std::string_view kOnFull[] = {"drop", "block"};
  static constexpr std::string_view kStreams[] = {"merged", "split"};
  OutputConfig output;
  output.to = ReadTo(reader);
  output.dir = reader->Path("dir");
  output.format = ReadWord<LogsFormat>(reader, "format", kFormats);
  output.max_size = ReadAmount(reader, "max_size", kByteUnits, kFileLeast, kBytesMost,
                               R"(a size from "64KiB" on, as in "50MiB")");
  output.max_age_s =
      ReadAmount(reader, "max_age", kAgeUnits, 1, kAgeMost, R"(seconds, or a time such as "12h" or "14d")");
  output.compress = reader->Boolean("compress");
  output.line_max =
      ReadAmount(reader, "line_max", kByteUnits, kLineLeast, kLineMost, R"(a size from "1KiB" to "64KiB")");
  output.on_full = ReadWord<LogsOnFull>(reader, "on_full", kOnFull);
  output.streams = ReadWord<LogsStreams>(reader, "streams", kStreams);
  if (const std::optional<size_t> facility = reader->OneOf("facility", kFacilities, kFacilityWhat))
    output.facility = std::string(kFacilities[*facility]);
  return output;
}

void ReadKeepFree(SectionReader* reader, LogsConfig* logs) {
  const Value* value = reader->Find("keep_free");
  if (value == nullptr) return;
  const auto* text = std::get_if<std::string>(&value->content);
  int percent = 0;
  if (text != nullptr && text->ends_with('%') &&
      absl::SimpleAtoi(View(*text).substr(0, text->size() - 1), &percent) && percent >= 0 && percent <= 99) {
    logs->keep_free_percent = percent;
    return;
  }
  const std::optional<int64_t> bytes = ParseAmount(*value, kByteUnits);
  if (!bytes.has_value() || *bytes < 0) {
    return reader->FailWith("keep_free", R"(a part of the disk such as "5%", or a size such as "2GiB")",
                            *value);
  }
  logs->keep_free_percent = 0;
  logs->keep_free_bytes = *bytes;
}

}  // namespace

LogsConfig ReadLogs(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "logs", std::move(label), result);
  LogsConfig logs;
  logs.output = ReadOutput(&reader);
  Assign(ReadAmount(&reader, "total", kByteUnits, 0, kBytesMost, R"(a size such as "1GiB", or 0 for any)"),
         &logs.total);
  ReadKeepFree(&reader, &logs);
  Assign(reader.SocketPath("journald_socket"), &logs.journald_socket);
  Assign(reader.SocketPath("syslog_socket"), &logs.syslog_socket);
  return logs;
}

OutputConfig ReadServiceLogs(const Value& value, SectionReader* reader, LoadResult* result) {
  const auto* table = std::get_if<Table>(&value.content);
  if (table == nullptr) {
    reader->FailWith("logs", "a section [service.logs]", value);
    return {};
  }
  SectionReader own(*table, "service.logs", reader->label() + ".logs", result);
  return ReadOutput(&own);
}

}  // namespace fectl::config
