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
#include "master/config/logs/logs_section.h"
#include "master/config/section_reader.h"
#include "master/config/sections.h"
#include "master/config/service/service_section.h"
#include "master/config/toml/document.h"

namespace fectl::config {
namespace {

constexpr size_t kProblemsMax = 100;  // more than anybody reads at a time

constexpr size_t kFilesMax = 10'000;  // included; more is a mistake in a pattern

// The sections of one file.
class FileParser {
 public:
  // `complete` is set to false where parts of the file could not be read.
  FileParser(const Document& document, std::string_view file, LoadResult* result, bool* complete)
      : document_(document), file_(file), result_(*result), complete_(*complete) {
    if (!document_.errors.empty()) complete_ = false;
  }

  void ReadMainSections(ServiceDefaults* defaults) {
    if (const Table* table = FindSection("master"))
      result_.config.master = ReadMaster(*table, "master", &result_);
    if (const Table* table = FindSection("logging")) {
      result_.config.logging = ReadLogging(*table, "logging", &result_);
    }
    if (const Table* table = FindSection("logs")) result_.config.logs = ReadLogs(*table, "logs", &result_);
    if (const Table* table = FindSection("defaults")) *defaults = ReadDefaults(*table, &result_);
  }

  void RefuseMainSections(std::string_view main_file) {
    for (const std::string_view name : {"master", "logging", "logs", "defaults", "include"}) {
      const auto member = document_.root.members.find(name);
      if (member == document_.root.members.end()) continue;
      Fail(std::string(name), member->second.line,
           absl::StrCat("must stand in ", std::string(main_file),
                        ", which includes this file: only [[socket]] and [[service]] can stand here"));
    }
  }

  void ReadLists(const ServiceDefaults& defaults) {
    ReadList("socket", ReadSocket, &result_.config.sockets, &result_.socket_labels);
    const auto read_service = [&](const Table& table, std::string label, LoadResult* result) {
      return ReadService(table, std::move(label), defaults, result);
    };
    ReadList("service", read_service, &result_.config.services, &result_.service_labels);
    NoteSyntaxErrors();
  }

  void NoteUnknownSections() {
    for (const auto& [name, value] : document_.root.members) {
      bool known = name == kIncludeKey;
      for (const SectionKeys& section : kSections) known = known || section.name == name;
      if (known) continue;
      complete_ = false;
      if (std::holds_alternative<Unreadable>(value.content)) continue;  // which has been told
      Fail(absl::Utf8SafeCEscape(name), value.line, UnknownSectionText(name));
    }
  }

  // The patterns of `include`.
  std::vector<std::string> ReadInclude() {
    const auto member = document_.root.members.find(kIncludeKey);
    if (member == document_.root.members.end()) return {};
    const Value& value = member->second;
    const std::string key(kIncludeKey);
    result_.lines.Set(kIncludeKey, value.line);
    if (std::holds_alternative<Table>(value.content)) {
      complete_ = false;
      Fail(
          key, value.line,
          R"(unknown section: other files are named at the top of this one, as in include = ["conf.d/*.toml"])");
      return {};
    }
    std::vector<Value> items;
    if (const auto* array = std::get_if<Array>(&value.content); array != nullptr && !array->of_sections) {
      items = array->items;
    } else {
      items.push_back(value);
    }
    std::vector<std::string> patterns;
    for (const Value& item : items) {
      if (std::holds_alternative<Unreadable>(item.content)) return {};  // which has been told
      const auto* text = std::get_if<std::string>(&item.content);
      const bool good = text != nullptr && !text->empty() && text->find('\0') == std::string::npos;
      if (good) {
        patterns.push_back(*text);
      } else {
        complete_ = false;
        Fail(key, value.line,
             absl::StrCat(R"(must be written at the top, as in include = ["conf.d/*.toml"], not as )",
                          Describe(item)));
      }
    }
    return patterns;
  }

 private:
  void Fail(std::string_view key, int line, std::string text) {
    result_.problems.push_back({std::string(file_), line, std::string(key), std::move(text), false});
  }

  // The table of [master], [logging], [logs] or [defaults]; also where it was written [[master]], which is
  // noted.
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

  template <typename Section, typename Read>
  void ReadList(const std::string& name, Read read, std::vector<Section>* sections,
                std::vector<std::string>* labels) {
    const std::vector<std::pair<const Table*, int>> tables = FindSections(name);
    // Those of other files have been read before, and are counted on.
    std::set<std::string> taken(labels->begin(), labels->end());
    for (size_t i = 0; i < tables.size(); ++i) {
      const auto& [table, line] = tables[i];
      std::string label = absl::StrCat(name, "[", sections->size() + 1, "]");
      const auto key = table->members.find("name");
      const auto* own =
          key == table->members.end() ? nullptr : std::get_if<std::string>(&key->second.content);
      const std::string named = own != nullptr && IsGoodName(*own) ? absl::StrCat(name, ".", *own) : "";
      if (!named.empty() && taken.insert(named).second) label = named;
      labels_.emplace(absl::StrCat(name, "[", i + 1, "]"), label);
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
        const auto name = labels_.find(key.substr(0, bracket + 1));
        if (name != labels_.end()) key = name->second + key.substr(bracket + 1);
      }
      Fail(key, error.line, error.text);
    }
  }

  const Document& document_;
  const std::string_view file_;
  LoadResult& result_;
  bool& complete_;
  std::map<std::string, std::string> labels_;  // "service[2]", counted in this file -> "service.web"
};

class Parser {
 public:
  explicit Parser(std::string_view file) {
    result_.file = std::string(file);
    result_.files.emplace_back(file);
  }

  LoadResult Run(std::string_view text, const ReadIncluded& read) {
    const Document document = ReadDocument(text);
    FileParser main(document, result_.file, &result_, &complete_);
    main.NoteUnknownSections();
    const std::vector<std::string> patterns = main.ReadInclude();
    main.ReadMainSections(&defaults_);
    main.ReadLists(defaults_);
    if (read) {
      for (const std::string& pattern : patterns) Include(pattern, read);
    }
    CheckConsistency(complete_, &result_);
    result_.SortProblems();
    Shorten();
    return std::move(result_);
  }

 private:
  void Fail(std::string file, std::string key, std::string text) {
    const int line = result_.lines.Find(key);
    result_.problems.push_back({std::move(file), line, std::move(key), std::move(text), false});
  }

  void Include(const std::string& pattern, const ReadIncluded& read) {
    std::string wrong;
    const std::vector<SourceFile> files = read(pattern, &wrong);
    if (!wrong.empty()) {
      complete_ = false;
      Fail(result_.file, "include", std::move(wrong));
    }
    for (const SourceFile& file : files) {
      if (!included_.insert(file.name).second) continue;  // by an earlier pattern
      if (result_.files.size() > kFilesMax) {
        return Fail(result_.file, "include", absl::StrCat("stands for more than ", kFilesMax, " files"));
      }
      ReadFile(file);
    }
  }

  void ReadFile(const SourceFile& file) {
    result_.lines.SetFile(static_cast<int>(result_.files.size()));
    result_.files.push_back(file.name);
    for (const std::string& problem : file.problems) {
      complete_ = false;
      Fail(file.name, "", problem);
    }
    const Document document = ReadDocument(file.text);
    FileParser parser(document, file.name, &result_, &complete_);
    parser.NoteUnknownSections();
    parser.RefuseMainSections(result_.file);
    parser.ReadLists(defaults_);
    result_.lines.SetFile(0);
  }

  void Shorten() {
    if (result_.problems.size() <= kProblemsMax) return;
    const size_t more = result_.problems.size() - kProblemsMax;
    const bool all_warnings_before = result_.ok();
    result_.problems.resize(kProblemsMax);
    Fail(result_.file, "", absl::StrCat("and ", more, " more problems like these"));
    result_.problems.back().warning = all_warnings_before;
  }

  LoadResult result_;
  ServiceDefaults defaults_;
  std::set<std::string> included_;
  bool complete_ = true;
};

}  // namespace

LoadResult Parse(std::string_view text, std::string_view file_name) {
  return Parser(file_name).Run(text, nullptr);
}

LoadResult Parse(std::string_view text, std::string_view file_name, const ReadIncluded& read) {
  return Parser(file_name).Run(text, read);
}

}  // namespace fectl::config
