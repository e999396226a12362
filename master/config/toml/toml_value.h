#ifndef FECTL_MASTER_CONFIG_TOML_TOML_VALUE_H_
#define FECTL_MASTER_CONFIG_TOML_TOML_VALUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/config/toml/statements.h"

namespace fectl::config {

// A TOML value that knows where it stood.

struct Value;

struct DateOrTime {};  // no key of ours takes one
struct Unreadable {};  // what was written is no TOML, which has been told

struct Array {
  std::vector<Value> items;
  bool of_sections = false;  // made by [[...]], so that another [[...]] may add to it
};

struct Table {
  std::map<std::string, Value, std::less<>> members;
  bool closed = false;  // defined by [..] or {..}: may not be defined again
};

struct Value {
  int line = 0;
  // Written as 0o..., which is how a file mode must be written: 660 would be another number.
  bool octal = false;
  std::variant<std::string, int64_t, double, bool, DateOrTime, Unreadable, Array, Table> content;
};

// Reads what stands behind a '=' in line `line`. This is the only place that calls the TOML library, which
// throws.
bool ParseValue(std::string_view text, int line, Value* value, SyntaxError* error);

// What people wrote, for a sentence that says what is wrong with it: `"four"`, `4`, `an array`.
std::string Describe(const Value& value);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TOML_TOML_VALUE_H_
