#include "master/config/logs/amounts.h"

#include <string>
#include <variant>

#include "absl/strings/numbers.h"

namespace fectl::config {

std::optional<int64_t> ParseAmount(const Value& value, std::span<const Unit> units) {
  if (const auto* number = std::get_if<int64_t>(&value.content)) return *number;
  const auto* text = std::get_if<std::string>(&value.content);
  if (text == nullptr) return std::nullopt;
  for (const Unit& unit : units) {
    if (!text->ends_with(unit.word)) continue;
    int64_t number = 0;
    const absl::string_view digits(text->data(), text->size() - unit.word.size());
    if (!absl::SimpleAtoi(digits, &number) || number < 0 || number > kBytesMost / unit.factor)
      return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::optional<int64_t> ReadAmount(SectionReader* reader, std::string_view key, std::span<const Unit> units,
                                  int64_t least, int64_t most, std::string_view what) {
  const Value* value = reader->Find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<int64_t> amount = ParseAmount(*value, units);
  if (amount.has_value() && *amount >= least && *amount <= most) return amount;
  reader->FailWith(key, what, *value);
  return std::nullopt;
}

}  // namespace fectl::config
