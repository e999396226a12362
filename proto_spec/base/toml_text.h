#ifndef FECTL_PROTO_SPEC_BASE_TOML_TEXT_H_
#define FECTL_PROTO_SPEC_BASE_TOML_TEXT_H_

#include <string>
#include <string_view>

namespace fectl::base {

// `text` as a basic string of TOML on one line, in UTF-8 and with no escapes but \" \\ and \u00XX. What is
// not UTF-8 stays as it is.
std::string TomlString(std::string_view text);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_TOML_TEXT_H_
