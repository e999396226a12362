#ifndef FECTL_MASTER_CONFIG_TOML_TOML_STRINGS_H_
#define FECTL_MASTER_CONFIG_TOML_TOML_STRINGS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fectl::config {

// TOML's four kinds of strings: "basic", 'literal', """basic of several lines""", '''literal of several
// lines'''. The TOML library is not asked about them: it loses the first newline of the long ones and mangles
// a part of the \u escapes.

// The length of the string at the start of `text` (which begins with a quote), quotes included; 0 if its
// closing quote is missing. `one_line`: three quotes are no opening quote, as in a key.
size_t StringLength(std::string_view text, bool one_line);

// What the string that is all of `literal`, quotes included, stands for. False: `error` says in words what is
// wrong. Precondition: `literal` is what StringLength() found.
bool DecodeString(std::string_view literal, std::string* text, std::string* error);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TOML_TOML_STRINGS_H_
