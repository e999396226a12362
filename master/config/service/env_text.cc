#include "master/config/service/env_text.h"

#include <cstddef>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "master/config/service/variable_names.h"
#include "proto_spec/base/utf8.h"

namespace fectl::config {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kErrorsMax = 20;  // more than anybody reads of a file that is something else

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

// What is wrong with the bytes of the file as a whole, so that its lines say nothing. Empty: nothing.
std::string WhatIsWrongWithBytes(std::string_view text, size_t* at) {
  *at = 0;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    return "begins with a byte order mark: save the file as UTF-8 without one";
  }
  if (*at = text.find('\0'); *at != std::string_view::npos) return "has a NUL character in it";
  if (*at = text.find('\r'); *at != std::string_view::npos) {
    return "has a carriage return in it: save the file with the line ends of Unix";
  }
  *at = 0;
  if (base::IsUtf8(text)) return "";
  while (*at < text.size()) {
    const size_t length = base::Utf8Length(text.substr(*at));
    if (length == 0) break;
    *at += length;
  }
  return "is not UTF-8";
}

// What stands in quotes. False: `error` says what is wrong.
bool ReadQuoted(std::string_view value, std::string* content, std::string* error) {
  const char quote = value.front();
  const size_t end = value.find(quote, 1);
  if (end == std::string_view::npos) {
    *error = absl::StrCat("has a ", std::string(1, quote), " that is not closed in its line");
    return false;
  }
  if (!IsBlank(value.substr(end + 1))) {
    *error = "has something behind the closing quote: put the quotes around the whole value";
    return false;
  }
  *content = value.substr(1, end - 1);
  if (quote == '"' && content->find_first_of("$`\\") != std::string::npos) {
    *error = "has a $, ` or \\ in double quotes, which some programs expand: write it in single quotes";
    return false;
  }
  return true;
}

// A value without quotes. False: `error` says what is wrong.
bool ReadPlain(std::string_view value, std::string* content, std::string* error) {
  const auto refuse = [error](const char* what) {
    *error = what;
    return false;
  };
  const bool blank_in_front = !value.empty() && kBlanks.find(value.front()) != std::string_view::npos;
  const bool blank_behind = !value.empty() && kBlanks.find(value.back()) != std::string_view::npos;
  if (value.find_first_of("$`\\") != std::string_view::npos) {
    return refuse("has a $, ` or \\, which some programs expand: put the value into single quotes");
  }
  if (value.find(" #") != std::string_view::npos || value.find("\t#") != std::string_view::npos) {
    return refuse(
        "has a # behind a blank, which some programs take for a comment: put the value into quotes, or the "
        "comment into a line of its own");
  }
  if (blank_in_front || blank_behind) {
    return refuse("has a blank before or behind it: remove it, or put the value into quotes");
  }
  if (value.find_first_of("\"'") != std::string_view::npos) {
    return refuse("has a quote in it: put the whole value into quotes of the other kind");
  }
  *content = value;
  return true;
}

class Reader {
 public:
  EnvText Read(std::string_view text) {
    size_t at = 0;
    if (std::string wrong = WhatIsWrongWithBytes(text, &at); !wrong.empty()) {
      int line = 1;
      for (const char c : text.substr(0, at)) line += c == '\n' ? 1 : 0;
      result_.errors.push_back({line, "", std::move(wrong)});
      return std::move(result_);
    }
    while (!text.empty() && result_.errors.size() < kErrorsMax) {
      const size_t end = text.find('\n');
      ++line_;
      ReadLine(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::move(result_);
  }

 private:
  void Fail(std::string name, std::string text) {
    result_.errors.push_back({line_, std::move(name), std::move(text)});
  }

  void ReadLine(std::string_view line) {
    const size_t first = line.find_first_not_of(kBlanks);
    if (first == std::string_view::npos || line[first] == '#') return;
    if (line.substr(first, 7) == "export " || line.substr(first, 7) == "export\t") {
      return Fail("", "begins with export, which only a shell understands: write NAME=value alone");
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return Fail("", "must be NAME=value, or a comment that begins with #");
    }
    const std::string name(line.substr(0, equals));
    if (!IsVariableName(name)) {
      return Fail(
          "", absl::StrCat("\"", absl::Utf8SafeCEscape(name),
                           "\" is no name of a variable: letters, digits and _ in front of the =, no digit "
                           "first and no blank"));
    }
    if (IsReservedVariable(name)) return Fail(name, "must not be set, as fectld itself sets it");
    const auto [known, inserted] = lines_.emplace(name, line_);
    if (!inserted) return Fail(name, absl::StrCat("is set twice, first in line ", known->second));
    const std::string_view value = line.substr(equals + 1);
    const bool quoted = !value.empty() && (value.front() == '"' || value.front() == '\'');
    std::string content;
    std::string error;
    if (quoted ? ReadQuoted(value, &content, &error) : ReadPlain(value, &content, &error)) {
      result_.variables.emplace_back(name, std::move(content));
    } else {
      Fail(name, std::move(error));
    }
  }

  EnvText result_;
  std::map<std::string, int> lines_;
  int line_ = 0;
};

}  // namespace

EnvText ReadEnvText(std::string_view text) {
  return Reader().Read(text);
}

}  // namespace fectl::config
