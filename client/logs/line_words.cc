#include "client/logs/line_words.h"

#include <cstdio>

#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr char kEscape = '\x1b';

// Bytes of the SGR sequence that the text begins with; 0: it begins with none.
size_t ColourLength(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string Time(int64_t unix_ms) {
  std::string text = UtcTime(static_cast<double>(unix_ms / 1000));
  char milliseconds[8];
  std::snprintf(milliseconds, sizeof milliseconds, ".%03dZ", static_cast<int>(unix_ms % 1000));
  if (text.ends_with('Z')) text.replace(text.size() - 1, 1, milliseconds);
  return text;
}

std::string_view Mark(const proto::LogLine& line) {
  if (!line.part.has_value()) return " | ";
  if (*line.part == proto::LogLine::kLastPart) return " <| ";
  return *line.part == 0 ? " |> " : " <> ";
}

}  // namespace

std::string ColoursOnly(std::string_view bytes) {
  std::string text;
  bool coloured = false;
  while (!bytes.empty()) {
    if (const size_t length = ColourLength(bytes); length > 0) {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
      coloured = true;
      continue;
    }
    const size_t next = bytes.find(kEscape, 1);
    std::string_view plain = bytes.substr(0, next);
    bytes.remove_prefix(plain.size());
    // A tab only moves on; it is what programs mean it to be.
    for (;;) {
      const size_t tab = plain.find('\t');
      text += base::EscapeForTerminal(plain.substr(0, tab));
      if (tab == std::string_view::npos) break;
      text += '\t';
      plain.remove_prefix(tab + 1);
    }
  }
  if (coloured) text += "\x1b[0m";
  return text;
}

std::string LineWords(const proto::LogLine& line, bool on_terminal) {
  std::string text = Time(line.t_ms) + " " + base::EscapeForTerminal(line.service);
  text += line.worker == 0 ? " fectl" : "[" + std::to_string(line.worker) + "]";
  if (line.stream == "out" || line.stream == "err") text += " " + line.stream;
  text += Mark(line);
  text += on_terminal ? ColoursOnly(line.message) : line.message;
  return text + "\n";
}

std::string LineAsJson(const proto::LogLine& line) {
  return proto::EncodeLogAnswer(line) + "\n";
}

}  // namespace fectl::client
