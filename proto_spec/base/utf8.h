// UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, nothing above U+10FFFF. Pure.
#ifndef FECTL_PROTO_SPEC_BASE_UTF8_H_
#define FECTL_PROTO_SPEC_BASE_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fectl::base {

// Bytes of the character that begins text; 0: none does. text is not empty.
size_t Utf8Length(std::string_view text);

bool IsUtf8(std::string_view text);

// Each maximal invalid part (the longest that could have begun a character, else one byte) becomes one
// U+FFFD.
std::string ToUtf8(std::string_view bytes);

// The longest start of `text` of at most `bytes_max` bytes that does not end inside a character. `text` is
// valid.
std::string_view CutUtf8(std::string_view text, size_t bytes_max);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_UTF8_H_
