#ifndef FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_
#define FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fectl::client {

// Makes text which the master, a worker or a user sent safe to show: control codes (C0, DEL, C1), characters
// which turn the writing direction, line separators, and bytes which are not UTF-8 come out as visible
// escapes
// (\n, \t, \x1b, \u202e). A worker's last words must not be able to move an operator's cursor, or to add a
// line that looks like one of ours. The result holds no newline.
std::string EscapeForTerminal(std::string_view text);

// The same for text which is JSON already: control characters can only stand inside its strings, where \u00XX
// means the same character, so the value does not change. The text must be valid JSON in valid UTF-8.
std::string EscapeJsonForTerminal(std::string_view json);

// The columns that escaped text takes: one for each code point.
size_t Columns(std::string_view escaped);

// Colours, or none: `Paint` returns the text as it is when they are off.
enum class Colour { kNone, kGreen, kYellow, kRed, kDim };
std::string Paint(std::string_view text, Colour colour, bool colours_on);

// The colour of a state's word ("running", "failed", ...).
Colour StateColour(std::string_view state);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_TERMINAL_TEXT_H_
