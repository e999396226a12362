#include "master/sim/trace_words.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace fectl::sim {

std::string Seconds(int64_t ns) {
  std::array<char, 40> text = {};
  std::snprintf(text.data(), text.size(), "%lld.%09lld", static_cast<long long>(ns / 1'000'000'000),
                static_cast<long long>(ns % 1'000'000'000));
  return text.data();
}

bool ReadSeconds(std::string_view text, int64_t* ns) {
  if (text.ends_with('s')) text.remove_suffix(1);
  const size_t point = text.find('.');
  int64_t whole = 0;
  if (!ReadNumber(text.substr(0, point), &whole) || whole < 0 || whole > 4'000'000'000) return false;
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (fraction.size() > 9) return false;
  fraction.resize(9, '0');
  int64_t parts = 0;
  if (!ReadNumber(std::string_view(fraction), &parts) || parts < 0) return false;
  *ns = whole * 1'000'000'000 + parts;
  return true;
}

std::string Quoted(std::string_view words) {
  std::string out = "\"";
  for (const char c : words) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> words;
  bool open = false;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else if (c == '"') {
      if (!open) words.emplace_back();
      open = true;
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

bool IsName(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace fectl::sim
