#include "master/config/toml/statements.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "master/config/toml/toml_strings.h"
#include "proto_spec/base/utf8.h"

namespace fectl::config {
namespace {

bool IsKeyCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<Statement> Run() {
    while (!AtEnd() && errors_ < kSyntaxErrorsMax) {
      SkipBlanks();
      if (Peek() == '\n' || Peek() == '#') {
        SkipLine();
        continue;
      }
      Statement statement;
      statement.line = line_;
      if (Peek() == '[') {
        ReadHeader(&statement);
      } else {
        ReadPair(&statement);
      }
      if (!statement.error.empty()) ++errors_;
      out_.push_back(std::move(statement));
    }
    return std::move(out_);
  }

 private:
  struct Bracket {
    char open;
    int line;
  };

  bool AtEnd() const { return pos_ >= text_.size(); }
  // The character at the position, or a newline at the end of the text: both end whatever is being read.
  char Peek() const { return AtEnd() ? '\n' : text_[pos_]; }

  void SkipBlanks() {
    while (!AtEnd() && (text_[pos_] == ' ' || text_[pos_] == '\t')) ++pos_;
  }

  void SkipLine() {
    size_t newline = text_.find('\n', pos_);
    pos_ = newline == std::string_view::npos ? text_.size() : newline + 1;
    ++line_;
  }

  static void Fail(int line, std::string error, Statement* statement) {
    statement->error_line = line;
    statement->error = std::move(error);
  }

  // After a mistake inside a value of several lines: its remaining lines make no sense alone.
  void SkipToNextStatement() {
    SkipLine();
    while (!AtEnd() && !LooksLikeStatement()) SkipLine();
  }

  void ReadHeader(Statement* statement) {
    ++pos_;
    const bool element = Peek() == '[';
    if (element) ++pos_;
    statement->kind = element ? Statement::Kind::kSectionElement : Statement::Kind::kSection;
    const absl::string_view closing = element ? "]]" : "]";
    std::string error;
    if (!ReadKey(&statement->key, &error)) {
      // The error is told below.
    } else if (text_.substr(pos_, closing.size()) != std::string_view(closing.data(), closing.size())) {
      const bool odd =
          absl::ascii_isgraph(static_cast<unsigned char>(Peek())) && Peek() != ']' && Peek() != '#';
      error = odd ? absl::StrCat("a section's name cannot have a ", std::string(1, Peek()), " without quotes")
                  : absl::StrCat("the section's name is not closed by ", closing);
    } else {
      pos_ += closing.size();
      SkipBlanks();
      if (Peek() != '\n' && Peek() != '#') error = "there is something behind the section's name";
    }
    if (!error.empty()) Fail(line_, std::move(error), statement);
    SkipLine();
  }

  void ReadPair(Statement* statement) {
    std::string error;
    if (!ReadKey(&statement->key, &error)) {
      statement->key.clear();
    } else if (Peek() != '=') {
      error = "must be followed by = and a value";
    } else {
      ++pos_;
      SkipBlanks();
      if (Peek() == '\n' || Peek() == '#') error = "has no value after the =";
    }
    if (!error.empty()) {
      Fail(line_, std::move(error), statement);
      return SkipLine();
    }
    const size_t begin = pos_;
    if (!ReadValue(statement)) return;
    statement->value = text_.substr(begin, pos_ - begin);
    SkipLine();
  }

  // Reads a.b."c d" up to whatever follows it.
  bool ReadKey(std::vector<std::string>* parts, std::string* error) {
    while (true) {
      SkipBlanks();
      std::string part;
      if (Peek() == '"' || Peek() == '\'') {
        const size_t length = StringLength(text_.substr(pos_), /*one_line=*/true);
        if (length == 0) {
          *error = "a quote is missing at the end of the key";
          return false;
        }
        if (!DecodeString(text_.substr(pos_, length), &part, error)) return false;
        pos_ += length;
      } else {
        const size_t begin = pos_;
        while (!AtEnd() && IsKeyCharacter(text_[pos_])) ++pos_;
        if (begin == pos_) {
          *error = R"(must be a line such as: key = "value", [section], or # comment)";
          return false;
        }
        part = std::string(text_.substr(begin, pos_ - begin));
      }
      parts->push_back(std::move(part));
      if (parts->size() > kKeyPartsMax) {
        *error = absl::StrCat("the key has more than ", kKeyPartsMax, " parts");
        return false;
      }
      SkipBlanks();
      if (Peek() != '.') return true;
      ++pos_;
    }
  }

  // Stops at the newline that ends the value. On an error the position is at the next thing worth reading.
  bool ReadValue(Statement* statement) {
    std::vector<Bracket> open;
    size_t dots = 0;
    std::string error;
    while (error.empty()) {
      const char c = Peek();
      if (c == '\n') {
        if (open.empty()) return true;
        if (open.back().open == '{') {
          error = "must have its { and } on one line";
          break;
        }
        if (!AtEnd()) {
          ++pos_;
          ++line_;
        }
        if (AtEnd() || LooksLikeStatement()) {
          Fail(open.back().line, "has a [ that is never closed by ]", statement);
          return false;
        }
      } else if (c == '#') {
        while (Peek() != '\n') ++pos_;
      } else if (c == '"' || c == '\'') {
        const size_t length = StringLength(text_.substr(pos_), /*one_line=*/false);
        if (length == 0) {
          Fail(line_, absl::StrCat("is a string that is never closed by ", std::string(1, c)), statement);
          SkipLine();
          return false;
        }
        const std::string_view literal = text_.substr(pos_, length);
        line_ += static_cast<int>(std::count(literal.begin(), literal.end(), '\n'));
        pos_ += length;
      } else if (c == '[' || c == '{') {
        if (open.size() >= kNestingMax) {
          error = absl::StrCat("is nested deeper than ", kNestingMax, " levels");
        }
        open.push_back({c, line_});
        ++pos_;
      } else if (c == ']' || c == '}') {
        if (open.empty() || open.back().open != (c == ']' ? '[' : '{')) {
          error = absl::StrCat("has a ", std::string(1, c), " that closes nothing");
        } else {
          open.pop_back();
          ++pos_;
        }
      } else {
        if (c == '.' && ++dots > kValueDotsMax) error = "has too many dots outside quotes";
        ++pos_;
      }
    }
    Fail(line_, std::move(error), statement);
    if (open.empty()) {
      SkipLine();
    } else {
      SkipToNextStatement();
    }
    return false;
  }

  // Whether the line that begins here is `key =` or `[section]`, neither of which can continue an array.
  bool LooksLikeStatement() const {
    size_t at = text_.find_first_not_of(" \t", pos_);
    if (at == std::string_view::npos) return false;
    const std::string_view line = text_.substr(at, text_.find('\n', at) - at);
    const size_t brackets = line.find_first_not_of('[');
    if (brackets > 2) return false;  // or there is nothing but brackets
    size_t end = brackets;
    while (end < line.size() && (IsKeyCharacter(line[end]) || line[end] == '.')) ++end;
    const std::string_view word = line.substr(brackets, end - brackets);
    if (word.empty()) return false;
    end = line.find_first_not_of(" \t", end);
    if (end == std::string_view::npos) return false;
    if (brackets == 0) return line[end] == '=';
    static constexpr std::string_view kElements[] = {"true", "false", "inf", "nan"};
    const bool can_be_element =
        !absl::ascii_isalpha(static_cast<unsigned char>(word[0])) ||
        std::find(std::begin(kElements), std::end(kElements), word) != std::end(kElements);
    return line[end] == ']' && !can_be_element;
  }

  const std::string_view text_;
  size_t pos_ = 0;
  int line_ = 1;
  size_t errors_ = 0;
  std::vector<Statement> out_;
};

}  // namespace

std::vector<Statement> SplitStatements(std::string_view text) {
  return Splitter(text).Run();
}

bool NormalizeSource(std::string_view source, std::string* text, SyntaxError* error) {
  if (source.substr(0, 3) == "\xEF\xBB\xBF") source.remove_prefix(3);
  text->clear();
  text->reserve(source.size());
  int line = 1;
  for (size_t i = 0; i < source.size();) {
    const auto c = static_cast<unsigned char>(source[i]);
    if (c == '\r' && source.substr(i, 2) == "\r\n") {
      ++i;
      continue;
    }
    if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7F) {
      *error = {line, "",
                absl::StrCat("is not text: it has the control character 0x", absl::Hex(c, absl::kZeroPad2))};
      return false;
    }
    const size_t length = base::Utf8Length(source.substr(i));
    if (length == 0) {
      *error = {line, "", absl::StrCat("is not UTF-8 text: byte 0x", absl::Hex(c, absl::kZeroPad2))};
      return false;
    }
    if (c == '\n') ++line;
    text->append(source.substr(i, length));
    i += length;
  }
  return true;
}

std::string JoinKey(const std::vector<std::string>& parts) {
  return absl::StrJoin(parts, ".");
}

}  // namespace fectl::config
