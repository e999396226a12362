#include "master/config/toml/toml_value.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cpptoml.h"
#include "master/config/toml/toml_strings.h"
#include "proto_spec/base/toml_text.h"

namespace fectl::config {
namespace {

constexpr size_t kQuotedBytesMax = 40;  // of a wrong value in a message

Value Convert(const cpptoml::base& node, int line);

Table ConvertTable(const cpptoml::table& node, int line) {
  Table table;
  table.closed = true;
  for (const auto& [key, member] : node) table.members.emplace(key, Convert(*member, line));
  return table;
}

// Depth is bounded by what SplitStatements() lets through.
Value Convert(const cpptoml::base& node, int line) {
  Value value;
  value.line = line;
  if (node.is_table()) {
    value.content = ConvertTable(static_cast<const cpptoml::table&>(node), line);
  } else if (node.is_table_array()) {
    Array array;
    for (const auto& item : static_cast<const cpptoml::table_array&>(node).get()) {
      array.items.push_back(Convert(*item, line));
    }
    value.content = std::move(array);
  } else if (node.is_array()) {
    Array array;
    for (const auto& item : static_cast<const cpptoml::array&>(node).get()) {
      array.items.push_back(Convert(*item, line));
    }
    value.content = std::move(array);
  } else if (const auto text = node.as<std::string>()) {
    value.content = text->get();
  } else if (const auto integer = node.as<int64_t>()) {
    value.content = integer->get();
  } else if (const auto real = node.as<double>()) {
    value.content = real->get();
  } else if (const auto boolean = node.as<bool>()) {
    value.content = boolean->get();
  } else {
    value.content = DateOrTime{};
  }
  return value;
}

// The library's sentences, in ours. Its own ones are shown for what is not worth a sentence.
std::string Explain(std::string_view complaint, std::string_view value) {
  const char first = value.empty() ? '\0' : value[0];
  if (absl::ascii_isalpha(static_cast<unsigned char>(first)) || first == '/' || first == '.' ||
      first == '~') {
    const std::string word(value.substr(0, value.find_first_of(" \t\n#,\"'")));
    static constexpr std::string_view kWordsOfToml[] = {"true", "false", "inf", "nan"};
    if (std::find(std::begin(kWordsOfToml), std::end(kWordsOfToml), word) == std::end(kWordsOfToml)) {
      if (word.size() > kQuotedBytesMax) return "text must be in quotes";
      return absl::StrCat("text must be in quotes, as in \"", word, "\"");
    }
  }
  struct Sentence {
    std::string_view starts;
    std::string_view ours;
  };
  static constexpr Sentence kSentences[] = {
      {"Arrays must be homogeneous", "is an array whose values are not all of one kind"},
      {"Unexpected character in array", "is an array whose values are not all of one kind"},
      // For permission bits removing the zero would be no help: 660 is a decimal number.
      {"Numbers may not have leading zeros",
       "is a number with a leading zero: permission bits are written like \"660\" or 0o660, other numbers "
       "without "
       "the zero"},
      {"Malformed number (out of range", "is a number that is out of range"},
      {"Malformed number", "is not a number: use quotes if it is meant as text"},
      {"Floats must have trailing digits", "is a number that ends in a dot"},
      {"Malformed date", "is not a date: use quotes if it is meant as text"},
      {"Malformed time", "is not a time: use quotes if it is meant as text"},
      {"Unterminated inline table", "is a table that is not written { key = value, ... } on one line"},
  };
  for (const Sentence& sentence : kSentences) {
    if (complaint.substr(0, sentence.starts.size()) == sentence.starts) return std::string(sentence.ours);
  }
  if (complaint.substr(0, 5) == "Key \"" || complaint.find("already present") != std::string_view::npos) {
    return "is a table in which a key is given twice";
  }
  if (complaint.substr(0, 23) == "Unidentified trailing c") {
    return "has something behind its value: one value on a line, text in quotes, a comment after a #";
  }
  return absl::StrCat("is not a TOML value (", absl::string_view(complaint.data(), complaint.size()), ")");
}

// Takes the " at line N" off the library's sentence and adds N to the line where the value began.
SyntaxError Translate(std::string_view complaint, std::string_view value, int line) {
  const size_t at = complaint.rfind(" at line ");
  int lines_below = 1;
  if (at != std::string_view::npos) {
    const std::string_view number = complaint.substr(at + 9);
    if (!absl::SimpleAtoi(absl::string_view(number.data(), number.size()), &lines_below)) lines_below = 1;
    complaint = complaint.substr(0, at);
  }
  return {line + lines_below - 1, "", Explain(complaint, value)};
}

// Whether the number at the start of `text` has only digits of its base. The library takes 0o68 for 6.
bool GoodDigits(std::string_view text) {
  const std::string_view prefix = text.substr(0, 2);
  if (prefix != "0o" && prefix != "0b") return true;
  const std::string_view digits = text.substr(0, text.find_first_of(" \t\n,]}#")).substr(2);
  return digits.find_first_not_of(prefix == "0o" ? "01234567_" : "01_") == std::string_view::npos;
}

// Copies a value for the library: each string decoded and written anew in the one form in which the library
// reads it rightly, comments left out, line breaks kept in number.
bool Simplify(std::string_view text, int line, std::string* simple, SyntaxError* error) {
  size_t breaks = 0;  // that were in a string and are still to be made up for
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      const std::string_view literal = text.substr(at, StringLength(text.substr(at), /*one_line=*/false));
      std::string decoded;
      error->line = line;
      if (literal.empty()) error->text = "is a string that is never closed";
      if (literal.empty() || !DecodeString(literal, &decoded, &error->text)) return false;
      const auto inside = std::count(literal.begin(), literal.end(), '\n');
      line += static_cast<int>(inside);
      breaks += static_cast<size_t>(inside);
      *simple += base::TomlString(decoded);
      at += literal.size();
      in_word = false;
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (!in_word && !GoodDigits(text.substr(at))) {
      *error = {line, "", "is not a number: 0o is followed by the digits 0 to 7, 0b by 0 and 1"};
      return false;
    }
    in_word =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '+';
    if (c == '\n') {
      ++line;
      simple->append(breaks, '\n');
      breaks = 0;
    }
    *simple += c;
    ++at;
  }
  return true;
}

}  // namespace

bool ParseValue(std::string_view text, int line, Value* value, SyntaxError* error) {
  std::string simple = "v = ";
  if (!Simplify(text, line, &simple, error)) return false;
  try {
    std::istringstream stream(simple + "\n");
    const std::shared_ptr<cpptoml::table> root = cpptoml::parser(stream).parse();
    if (std::distance(root->begin(), root->end()) != 1) {
      *error = {line, "", "is not one value"};
      return false;
    }
    *value = Convert(*root->get("v"), line);
    value->octal = text.substr(0, 2) == "0o" && std::holds_alternative<int64_t>(value->content);
    return true;
  } catch (const std::exception& e) {
    *error = Translate(e.what(), text, line);
    return false;
  }
}

std::string Describe(const Value& value) {
  if (value.octal) return absl::StrFormat("0o%o", std::get<int64_t>(value.content));
  struct {
    std::string operator()(const std::string& text) const {
      if (text.size() > kQuotedBytesMax) return "a long string";
      return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
    }
    std::string operator()(int64_t integer) const { return absl::StrCat(integer); }
    std::string operator()(double real) const {
      std::string text = absl::StrFormat("%.12g", real);
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      return text;
    }
    std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
    std::string operator()(const DateOrTime&) const { return "a date or time"; }
    std::string operator()(const Unreadable&) const { return "no value"; }
    std::string operator()(const Array& array) const {
      return array.items.empty() ? "an empty array" : "an array";
    }
    std::string operator()(const Table&) const { return "a table"; }
  } describe;
  return std::visit(describe, value.content);
}

}  // namespace fectl::config
