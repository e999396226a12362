#ifndef FECTL_MASTER_CONFIG_TOML_STATEMENTS_H_
#define FECTL_MASTER_CONFIG_TOML_STATEMENTS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fectl::config {

// The TOML library says nothing about where a value stood, gives up at the first mistake, and recurses as
// deep as its input does. So the text is first cut into its statements here, which bounds what the library is
// given, tells the line of each value, and lets the rest of the file be checked when one statement is broken.

inline constexpr size_t kKeyPartsMax = 8;        // a.b.c has 3; no key of ours needs more than 2
inline constexpr size_t kNestingMax = 16;        // of [ and { in a value; none of ours needs more than 2
inline constexpr size_t kValueDotsMax = 256;     // outside strings: bounds dotted keys of inline tables
inline constexpr size_t kSyntaxErrorsMax = 100;  // more than a person reads; bounds the work on a binary file

struct SyntaxError {
  int line = 0;
  std::string key;  // dotted; may be empty
  std::string text;
};

struct Statement {
  enum class Kind {
    kSection,         // [a]
    kSectionElement,  // [[a]]
    kPair,            // a = value
  };

  Kind kind = Kind::kPair;
  int line = 0;
  std::vector<std::string> key;  // its parts, without quotes; empty if unreadable
  std::string_view value;        // kPair: all after the '=', a comment perhaps included; a view of the text

  // What is wrong with the statement, and where; then nothing but the key can be used.
  std::string error;
  int error_line = 0;
};

// Precondition: `text` is the result of NormalizeSource(). Stops after kSyntaxErrorsMax broken statements.
std::vector<Statement> SplitStatements(std::string_view text);

// Removes a byte order mark and carriage returns at the ends of lines. Errors: what cannot be text (a control
// character, bytes that are not UTF-8); only the first one is told.
bool NormalizeSource(std::string_view source, std::string* text, SyntaxError* error);

// "a.b"
std::string JoinKey(const std::vector<std::string>& parts);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TOML_STATEMENTS_H_
