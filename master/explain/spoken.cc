#include "master/explain/spoken.h"

#include <algorithm>

namespace fectl::explain {
namespace {

std::string TwoUnits(int64_t big, const char* big_name, int64_t small, const char* small_name) {
  std::string text = std::to_string(big) + " " + big_name;
  if (small > 0) text += " " + std::to_string(small) + " " + small_name;
  return text;
}

}  // namespace

std::string SpokenSeconds(int64_t seconds) {
  const int64_t s = std::max<int64_t>(0, seconds);
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return TwoUnits(s / 60, "min", s % 60, "s");
  if (s < 86'400) return TwoUnits(s / 3600, "h", s / 60 % 60, "min");
  return TwoUnits(s / 86'400, "d", s / 3600 % 24, "h");
}

std::string Spoken(core::Span span) {
  const int64_t ms = std::max<int64_t>(0, core::ToMilliseconds(span));
  // Tenths where they matter: below ten seconds.
  if (ms >= 9950) return SpokenSeconds((ms + 500) / 1000);
  const int64_t tenths = (ms + 50) / 100;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + " s";
}

std::string Counted(uint64_t count, const std::string& noun) {
  if (count == 1) return "1 " + noun;
  return std::to_string(count) + " " + noun + (noun.ends_with("ss") ? "es" : "s");
}

std::string Ordinal(uint32_t number) {
  const bool teen = number % 100 >= 11 && number % 100 <= 13;
  const char* const ending = teen               ? "th"
                             : number % 10 == 1 ? "st"
                             : number % 10 == 2 ? "nd"
                             : number % 10 == 3 ? "rd"
                                                : "th";
  return std::to_string(number) + ending;
}

std::string Sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace fectl::explain
