#ifndef FECTL_MASTER_CONFIG_LOGS_AMOUNTS_H_
#define FECTL_MASTER_CONFIG_LOGS_AMOUNTS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "master/config/section_reader.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// Sizes and times as they are written: a whole number, or a string of one and a unit.

struct Unit {
  std::string_view word;
  int64_t factor;
};
inline constexpr int64_t kBytesMost = int64_t{1} << 50;
inline constexpr Unit kByteUnits[] = {
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", int64_t{1} << 40}};
// In seconds.
inline constexpr Unit kAgeUnits[] = {{"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};

// Nothing: it is neither, or out of range.
std::optional<int64_t> ParseAmount(const Value& value, std::span<const Unit> units);

// What is written for `key`, which has to be from `least` to `most`. As all readers of SectionReader; `what`
// is what it must be.
std::optional<int64_t> ReadAmount(SectionReader* reader, std::string_view key, std::span<const Unit> units,
                                  int64_t least, int64_t most, std::string_view what);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOGS_AMOUNTS_H_
