#include "client/text/terminal_text.h"

#include <cstdint>

namespace fectl::client {

size_t Columns(std::string_view escaped) {
  size_t columns = 0;
  for (const char c : escaped) columns += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return columns;
}

std::string Paint(std::string_view text, Colour colour, bool colours_on) {
  if (!colours_on || colour == Colour::kNone) return std::string(text);
  const char* code = colour == Colour::kGreen    ? "32"
                     : colour == Colour::kYellow ? "33"
                     : colour == Colour::kRed    ? "31"
                                                 : "2";
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

Colour StateColour(std::string_view state) {
  if (state == "running" || state == "done") return Colour::kGreen;
  if (state == "failed" || state == "crashing") return Colour::kRed;
  if (state == "stopped") return Colour::kDim;
  return Colour::kYellow;
}

}  // namespace fectl::client
