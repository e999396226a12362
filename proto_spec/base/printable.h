// Text of others, made safe to show. Pure.
#ifndef FECTL_PROTO_SPEC_BASE_PRINTABLE_H_
#define FECTL_PROTO_SPEC_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace fectl::base {

// Makes text which a peer sent safe to show, on a terminal and as a line of the log: control codes (C0, DEL,
// C1), characters which turn the writing direction, line separators, and bytes which are not UTF-8 come out
// as visible escapes (\n, \t, \x1b, \u202e). A worker's last words must not be able to move an operator's
// cursor, or to add a line that looks like one of ours. The result holds no newline.
std::string EscapeForTerminal(std::string_view text);

// The same for text which is JSON already: control characters can only stand inside its strings, where \u00XX
// means the same character, so the value does not change. The text must be valid JSON in valid UTF-8.
std::string EscapeJsonForTerminal(std::string_view json);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_PRINTABLE_H_
