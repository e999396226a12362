#include "master/config/parse.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "master/config/check.h"
#include "master/config/keys.h"
#include "master/config/section_reader.h"
#include "master/config/sections.h"
#include "master/config/service/service_section.h"
#include "master/config/toml/document.h"

namespace fectl::config {
namespace {

constexpr size_t kProblemsMax = 100;  // more than anybody reads at a time

class Parser {
 public:
  Parser(const Document& document, std::string_view file) : document_(document) {
    result_.file = std::string(file);
  }

  LoadResult Run() {
    complete_ = document_.errors.empty();
    NoteUnknownSections();
    if (const Table* table = FindSection("master"))
      result_.config.master = ReadMaster(*table, "master", &result_);
    if (const Table* table = FindSection("logging")) {
      result_.config.logging = ReadLogging(*table, "logging", &result_);
    }
    ReadList("socket", ReadSocket, &result_.config.sockets, &result_.socket_labels);
    ReadList("service", ReadService, &result_.config.services, &result_.service_labels);
    NoteSyntaxErrors();
    CheckConsistency(complete_, &result_);
    result_.SortProblems();
    Shorten();
    return std::move(result_);
  }

 private:
  void Fail(std::string_view key, int line, std::string text) {
    result_.problems.push_back({result_.file, line, std::string(key), std::move(text), false});
  }

  void NoteUnknownSections() {
    for (const auto& [name, value] : document_.root.members) {
      bool known = false;
      for (const SectionKeys& section : kSections) known = known || section.name == name;
      if (known) continue;
      complete_ = false;
      if (std::holds_alternative<Unreadable>(value.content)) continue;  // which has been told
      Fail(absl::Utf8SafeCEscape(name), value.line, UnknownSectionText(name));
    }
  }

  // The table of [master] or [logging]; also where it was written [[master]], which is noted.
  const Table* FindSection(const std::string& name) {
    const auto member = document_.root.members.find(name);
    if (member == document_.root.members.end()) return nullptr;
    const Value& value = member->second;
    result_.lines.Set(name, value.line);
    if (const auto* table = std::get_if<Table>(&value.content)) return table;
    const auto* array = std::get_if<Array>(&value.content);
    if (std::holds_alternative<Unreadable>(value.content)) return nullptr;
    if (array == nullptr || !array->of_sections) {
      Fail(name, value.line, absl::StrCat("must be a section [", name, "], not ", Describe(value)));
      return nullptr;
    }
    Fail(name, value.line, absl::StrCat("must be written [", name, "], once"));
    return std::get_if<Table>(&array->items.front().content);
  }

  // The tables of [[socket]] or [[service]] with their lines; also where there is one that was written
  // [service], which is noted.
  std::vector<std::pair<const Table*, int>> FindSections(const std::string& name) {
    std::vector<std::pair<const Table*, int>> tables;
    const auto member = document_.root.members.find(name);
    if (member == document_.root.members.end()) return tables;
    const Value& value = member->second;
    const Value* wrong = nullptr;
    if (const auto* table = std::get_if<Table>(&value.content)) {
      tables.emplace_back(table, value.line);
      Fail(name, value.line,
           absl::StrCat("must be written [[", name, "]], with two brackets, as there can be several"));
    } else if (const auto* array = std::get_if<Array>(&value.content)) {
      for (const Value& item : array->items) {
        const auto* element = std::get_if<Table>(&item.content);
        if (element != nullptr) {
          tables.emplace_back(element, item.line);
        } else {
          wrong = &item;
        }
      }
    } else if (!std::holds_alternative<Unreadable>(value.content)) {
      wrong = &value;
    }
    if (wrong != nullptr) {
      complete_ = false;
      Fail(name, wrong->line,
           absl::StrCat("must be written as sections [[", name, "]], not as ", Describe(*wrong)));
    }
    return tables;
  }

  template <typename Section>
  void ReadList(const std::string& name, Section (*read)(const Table&, std::string, LoadResult*),
                std::vector<Section>* sections, std::vector<std::string>* labels) {
    const std::vector<std::pair<const Table*, int>> tables = FindSections(name);
    std::set<std::string> names;
    for (size_t i = 0; i < tables.size(); ++i) {
      const auto& [table, line] = tables[i];
      std::string label = absl::StrCat(name, "[", i + 1, "]");
      const auto key = table->members.find("name");
      const auto* own =
          key == table->members.end() ? nullptr : std::get_if<std::string>(&key->second.content);
      if (own != nullptr && IsGoodName(*own) && names.insert(*own).second) {
        const std::string numbered = std::exchange(label, absl::StrCat(name, ".", *own));
        names_.emplace(numbered, label);
      }
      result_.lines.Set(label, line);
      sections->push_back(read(*table, label, &result_));
      labels->push_back(label);
    }
  }

  // They name sections by number, as the names were not known when they were found.
  void NoteSyntaxErrors() {
    for (const SyntaxError& error : document_.errors) {
      std::string key = error.key;
      const size_t bracket = key.find(']');
      if (bracket != std::string::npos) {
        const auto name = names_.find(key.substr(0, bracket + 1));
        if (name != names_.end()) key = name->second + key.substr(bracket + 1);
      }
      Fail(key, error.line, error.text);
    }
  }

  void Shorten() {
    if (result_.problems.size() <= kProblemsMax) return;
    const size_t more = result_.problems.size() - kProblemsMax;
    const bool all_warnings_before = result_.ok();
    result_.problems.resize(kProblemsMax);
    Fail("", 0, absl::StrCat("and ", more, " more problems like these"));
    result_.problems.back().warning = all_warnings_before;
  }

  const Document& document_;
  LoadResult result_;
  bool complete_ = true;
  std::map<std::string, std::string> names_;  // "service[2]" -> "service.web"
};

}  // namespace

LoadResult Parse(std::string_view text, std::string_view file_name) {
  const Document document = ReadDocument(text);
  return Parser(document, file_name).Run();
}

}  // namespace fectl::config
