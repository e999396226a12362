#ifndef FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_
#define FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fectl::client {

// The columns that escaped text takes: one for each code point.
size_t Columns(std::string_view escaped);

// Colours, or none: `Paint` returns the text as it is when they are off.
enum class Colour { kNone, kGreen, kYellow, kRed, kDim };
std::string Paint(std::string_view text, Colour colour, bool colours_on);

// The colour of a state's word ("running", "failed", ...).
Colour StateColour(std::string_view state);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_
