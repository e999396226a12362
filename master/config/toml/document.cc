#include "master/config/toml/document.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "master/config/toml/foreign_words.h"

namespace fectl::config {
namespace {

class Builder {
 public:
  Document Build(const std::vector<Statement>& statements) {
    document_.empty = statements.empty();
    current_ = &document_.root;
    for (const Statement& statement : statements) {
      if (document_.errors.size() >= kSyntaxErrorsMax) break;
      if (statement.kind == Statement::Kind::kPair) {
        AddPair(statement);
      } else if (statement.error.empty()) {
        Enter(statement);
      } else {
        // As of [program:web], whose colon is the mistake.
        const std::string hint = statement.key.empty() ? "" : ForeignSectionHint(statement.key.front());
        Fail(statement.error_line, "", absl::StrCat(statement.error, hint.empty() ? "" : "; ", hint));
        Abandon();
      }
    }
    return std::move(document_);
  }

 private:
  // Quoted keys can hold anything, and are shown on one line.
  static std::string Shown(const std::string& key) { return absl::Utf8SafeCEscape(key); }

  void Fail(int line, const std::string& key, std::string text) {
    document_.errors.push_back({line, Shown(key), std::move(text)});
  }

  // What follows goes into a table that nobody looks at.
  void Abandon() {
    nowhere_ = Table();
    current_ = &nowhere_;
    prefix_.clear();
  }

  std::string FullKey(const std::string& key) const {
    if (prefix_.empty() || key.empty()) return absl::StrCat(prefix_, key);
    return absl::StrCat(prefix_, ".", key);
  }

  // Goes from `table` into its member `part`, which is made if it is not there. Adds to `path` what it went
  // through. Null: the member is a value.
  static Table* Descend(Table* table, const std::string& part, int line, std::string* path) {
    absl::StrAppend(path, path->empty() ? "" : ".", part);
    auto [member, inserted] = table->members.try_emplace(part);
    Value& value = member->second;
    if (inserted) {
      value.line = line;
      value.content = Table();
    }
    if (auto* inner = std::get_if<Table>(&value.content)) return inner;
    auto* array = std::get_if<Array>(&value.content);
    if (array == nullptr || !array->of_sections) return nullptr;
    absl::StrAppend(path, "[", array->items.size(), "]");
    return std::get_if<Table>(&array->items.back().content);
  }

  void Enter(const Statement& statement) {
    Table* table = &document_.root;
    prefix_.clear();
    for (size_t i = 0; i + 1 < statement.key.size(); ++i) {
      table = Descend(table, statement.key[i], statement.line, &prefix_);
      if (table == nullptr) {
        Fail(statement.line, prefix_, "is a value and cannot have a section of its own");
        return Abandon();
      }
    }
    const std::string& last = statement.key.back();
    if (statement.kind == Statement::Kind::kSectionElement) {
      EnterElement(table, last, statement);
    } else {
      EnterSection(table, last, statement);
    }
  }

  void EnterElement(Table* table, const std::string& name, const Statement& statement) {
    const std::string written = Shown(JoinKey(statement.key));
    auto [member, inserted] = table->members.try_emplace(name);
    Value& value = member->second;
    if (inserted) {
      value.line = statement.line;
      value.content = Array{{}, true};
    }
    auto* array = std::get_if<Array>(&value.content);
    if (array == nullptr || !array->of_sections) {
      Fail(statement.line, FullKey(name),
           absl::StrCat("[[", written, "]] cannot follow what line ", value.line,
                        " says: every one must be written [[", written, "]]"));
      return Abandon();
    }
    Value element;
    element.line = statement.line;
    element.content = Table{{}, true};
    array->items.push_back(std::move(element));
    current_ = std::get_if<Table>(&array->items.back().content);
    prefix_ = absl::StrCat(FullKey(name), "[", array->items.size(), "]");
  }

  void EnterSection(Table* table, const std::string& name, const Statement& statement) {
    auto [member, inserted] = table->members.try_emplace(name);
    Value& value = member->second;
    if (inserted) {
      value.line = statement.line;
      value.content = Table();
    }
    prefix_ = FullKey(name);
    const std::string written = Shown(JoinKey(statement.key));
    auto* section = std::get_if<Table>(&value.content);
    if (section == nullptr) {
      Fail(statement.line, prefix_,
           absl::StrCat("[", written, "] cannot follow what line ", value.line,
                        " says: only one of them can be meant"));
      return Abandon();
    }
    if (section->closed) {
      Fail(statement.line, prefix_,
           absl::StrCat("section [", written, "] is given twice (first in line ", value.line, ")"));
    }
    section->closed = true;
    current_ = section;
  }

  void AddPair(const Statement& statement) {
    const std::string full_key = FullKey(JoinKey(statement.key));
    Value value;
    value.line = statement.line;
    value.content = Unreadable{};
    SyntaxError error{statement.error_line, "", statement.error};
    if (!error.text.empty() || !ParseValue(statement.value, statement.line, &value, &error)) {
      Fail(error.line, full_key, std::move(error.text));
    }
    if (statement.key.empty()) return;
    Table* table = current_;
    std::string path = prefix_;
    for (size_t i = 0; i + 1 < statement.key.size(); ++i) {
      table = Descend(table, statement.key[i], statement.line, &path);
      if (table == nullptr) return Fail(statement.line, path, "is a value and cannot have keys of its own");
    }
    auto [member, inserted] = table->members.try_emplace(statement.key.back(), std::move(value));
    if (!inserted) {
      Fail(statement.line, full_key,
           absl::StrCat("is given twice (first in line ", member->second.line, ")"));
    }
  }

  Document document_;
  Table nowhere_;
  Table* current_ = nullptr;  // the section that pairs go into: in document_.root, or nowhere_
  std::string prefix_;        // its full name
};

}  // namespace

Document ReadDocument(std::string_view source) {
  std::string text;
  SyntaxError error;
  if (!NormalizeSource(source, &text, &error)) {
    Document document;
    document.empty = false;
    document.errors.push_back(std::move(error));
    return document;
  }
  return Builder().Build(SplitStatements(text));
}

}  // namespace fectl::config
