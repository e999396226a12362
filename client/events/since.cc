#include "client/events/since.h"

#include <time.h>

#include <charconv>
#include <string>
#include <system_error>

namespace fectl::client {
namespace {

// A hundred years in each unit fit.
constexpr uint64_t kNumberMax = 4'000'000'000;

int64_t UnitMs(std::string_view unit) {
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return unit == "d" ? 86'400'000 : 0;
}

std::optional<int64_t> UtcMs(std::string_view word) {
  tm parts = {};
  const std::string text(word);
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const time_t seconds = timegm(&parts);
  if (seconds < 0) return std::nullopt;
  return int64_t{seconds} * 1000;
}

}  // namespace

std::optional<Since> ReadSince(std::string_view word) {
  Since since;
  if (word == "now") {
    since.now = true;
    return since;
  }
  uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [read, error] = std::from_chars(word.data(), end, number);
  if (error == std::errc() && read == end) {
    since.after = number;
    return since;
  }
  const int64_t unit_ms = error == std::errc() ? UnitMs({read, static_cast<size_t>(end - read)}) : 0;
  if (unit_ms > 0) {
    if (number > kNumberMax) return std::nullopt;
    since.length_ms = static_cast<int64_t>(number) * unit_ms;
    return since;
  }
  since.at_ms = UtcMs(word);
  if (!since.at_ms.has_value()) return std::nullopt;
  return since;
}

}  // namespace fectl::client
