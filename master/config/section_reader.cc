#include "master/config/section_reader.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fectl::config {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr std::string_view kGoodName = "1 to 64 letters, digits, '.', '_' or '-'";
constexpr size_t kPathBytesMax = 4095;         // PATH_MAX without its NUL
constexpr size_t kSocketPathBytesMax = 107;    // sizeof(sockaddr_un::sun_path) without its NUL
constexpr int64_t kAccountIdMax = 4294967294;  // 2^32 - 1 means "leave it as it is" to the kernel
constexpr double kSecondsLeast = 0.1;          // less is below what a busy machine's scheduler keeps
constexpr double kSecondsMost = 2592000;       // 30 days

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

// Environment, arguments and paths all end at their first NUL.
bool HasNul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

bool NamesNoFile(const std::string& path) {
  const std::string last = path.substr(path.rfind('/') + 1);
  return last.empty() || last == "." || last == "..";
}

}  // namespace

SectionReader::SectionReader(const Table& table, std::string_view name, std::string label, LoadResult* result)
    : table_(table), label_(std::move(label)), result_(*result) {
  std::span<const std::string_view> keys;
  for (const SectionKeys& section : kSections) {
    if (section.name == name) keys = section.keys;
  }
  for (const auto& [key, value] : table_.members) {
    result_.lines.Set(FullKey(key), value.line);
    if (std::find(keys.begin(), keys.end(), key) != keys.end() || IsSectionIn(name, key)) continue;
    Fail(key, UnknownKeyText(name, key));
    if (const auto meant = ClosestWord(key, keys)) misspelt_.push_back(*meant);
  }
}

bool SectionReader::Has(std::string_view key) const {
  return table_.members.contains(key);
}

const Value* SectionReader::Find(std::string_view key) const {
  const auto member = table_.members.find(key);
  if (member == table_.members.end() || std::holds_alternative<Unreadable>(member->second.content))
    return nullptr;
  return &member->second;
}

std::optional<std::string> SectionReader::String(std::string_view key) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const auto* text = std::get_if<std::string>(&value->content);
  if (text == nullptr) {
    FailWith(key, "a string", *value);
  } else if (text->empty()) {
    Fail(key, "must not be empty");
  } else if (HasNul(*text)) {
    Fail(key, "must not have a NUL character in it");
  } else {
    return *text;
  }
  return std::nullopt;
}

std::optional<std::string> SectionReader::Path(std::string_view key) {
  std::optional<std::string> path = String(key);
  if (path.has_value() && path->size() > kPathBytesMax) {
    Fail(key, absl::StrCat("must be at most ", kPathBytesMax, " bytes long, not ", path->size()));
    return std::nullopt;
  }
  return path;
}

std::optional<std::string> SectionReader::FilePath(std::string_view key) {
  std::optional<std::string> path = Path(key);
  if (path.has_value() && NamesNoFile(*path)) {
    FailWith(key, "the path of a file", Value{0, false, *path});
    return std::nullopt;
  }
  return path;
}

std::optional<std::string> SectionReader::SocketPath(std::string_view key) {
  std::optional<std::string> path = FilePath(key);
  if (path.has_value() && path->size() > kSocketPathBytesMax) {
    Fail(key, absl::StrCat("must be at most ", kSocketPathBytesMax, " bytes long, as a socket's path, not ",
                           path->size()));
    return std::nullopt;
  }
  if (path.has_value() && path->front() == '@') {
    Warn(key, absl::StrCat("makes a file of this name: there are no abstract sockets here; write \"./",
                           absl::Utf8SafeCEscape(*path), "\" if the file is meant"));
  }
  return path;
}

std::optional<int64_t> SectionReader::Integer(std::string_view key, int64_t least, int64_t most) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const auto* integer = std::get_if<int64_t>(&value->content);
  if (integer != nullptr && *integer >= least && *integer <= most) return *integer;
  FailWith(key, absl::StrCat("an integer from ", least, " to ", most), *value);
  return std::nullopt;
}

std::optional<int64_t> SectionReader::Milliseconds(std::string_view key) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  double seconds = std::nan("");
  if (const auto* integer = std::get_if<int64_t>(&value->content)) seconds = static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value->content)) seconds = *real;
  if (seconds >= kSecondsLeast && seconds <= kSecondsMost) return std::llround(seconds * 1000);
  FailWith(key, "a number of seconds from 0.1 to 2592000 (30 days)", *value);
  return std::nullopt;
}

std::optional<std::vector<std::string>> SectionReader::Strings(std::string_view key, bool or_one) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const std::string what = or_one ? "a string or an array of strings" : "an array of strings";
  std::vector<std::string> strings;
  const auto* one = std::get_if<std::string>(&value->content);
  if (one != nullptr && or_one) {
    strings.push_back(*one);
  } else if (const auto* array = std::get_if<Array>(&value->content)) {
    for (const Value& item : array->items) {
      const auto* text = std::get_if<std::string>(&item.content);
      if (text == nullptr) {
        Fail(key, absl::StrCat("must be ", what, "; one of its values is ", Describe(item)));
        return std::nullopt;
      }
      strings.push_back(*text);
    }
  } else {
    FailWith(key, what, *value);
    return std::nullopt;
  }
  if (std::any_of(strings.begin(), strings.end(), HasNul)) {
    Fail(key, "must not have a NUL character in it");
    return std::nullopt;
  }
  return strings;
}

std::optional<size_t> SectionReader::OneOf(std::string_view key, std::span<const std::string_view> words,
                                           std::string_view what) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  std::string allowed;
  const auto* text = std::get_if<std::string>(&value->content);
  for (size_t i = 0; i < words.size(); ++i) {
    if (text != nullptr && absl::EqualsIgnoreCase(*text, View(words[i]))) return i;
    absl::StrAppend(&allowed,
                    i == 0                  ? ""
                    : i + 1 == words.size() ? " or "
                                            : ", ",
                    "\"", View(words[i]), "\"");
  }
  FailWith(key, what.empty() ? allowed : what, *value);
  return std::nullopt;
}

std::optional<Account> SectionReader::UserOrGroup(std::string_view key) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  std::optional<Account> account;
  if (const auto* integer = std::get_if<int64_t>(&value->content))
    account = ReadAccount(absl::StrCat(*integer));
  if (const auto* text = std::get_if<std::string>(&value->content)) account = ReadAccount(*text);
  if (!account.has_value()) FailWith(key, "a name, or a number from 0 to 4294967294", *value);
  return account;
}

std::optional<bool> SectionReader::Boolean(std::string_view key) {
  const Value* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const bool* truth = std::get_if<bool>(&value->content)) return *truth;
  FailWith(key, "true or false", *value);
  return std::nullopt;
}

std::string SectionReader::Name() {
  Require("name", kGoodName);
  std::string name = NameOf("name");
  if (!name.empty() && name.front() == '-') {
    Warn("name", "begins with a dash: commands take it for an option unless -- stands before it");
  }
  return name;
}

std::string SectionReader::NameOf(std::string_view key) {
  const std::optional<std::string> name = String(key);
  if (!name.has_value() || IsGoodName(*name)) return name.value_or("");
  FailWith(key, kGoodName, *Find(key));
  return "";
}

std::vector<std::string> SectionReader::Names(std::string_view key) {
  std::vector<std::string> names = Strings(key, /*or_one=*/true).value_or(std::vector<std::string>());
  std::set<std::string_view> known;
  for (const std::string& name : names) {
    if (!IsGoodName(name)) {
      FailWith(key, absl::StrCat("names of ", View(kGoodName)), Value{0, false, name});
      return {};
    }
    if (!known.insert(name).second) {
      Fail(key, absl::StrCat("names ", name, " twice"));
      return {};
    }
  }
  return names;
}

bool IsGoodName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

std::optional<Account> ReadAccount(const std::string& text) {
  if (text.empty() || HasNul(text)) return std::nullopt;
  if (text.find_first_not_of("-0123456789") != std::string::npos) return Account{text, std::nullopt};
  int64_t id = -1;
  if (!absl::SimpleAtoi(text, &id) || id < 0 || id > kAccountIdMax) return std::nullopt;
  return Account{"", static_cast<uint32_t>(id)};
}

void SectionReader::Require(std::string_view key, std::string_view what) {
  if (Has(key) || std::find(misspelt_.begin(), misspelt_.end(), key) != misspelt_.end()) return;
  Fail(key, absl::StrCat("is required: ", View(what)));
}

void SectionReader::Fail(std::string_view key, std::string_view text) {
  result_.Add(FullKey(key), std::string(text));
}

void SectionReader::FailWith(std::string_view key, std::string_view what, const Value& value) {
  Fail(key, absl::StrCat("must be ", View(what), ", not ", Describe(value)));
}

void SectionReader::Warn(std::string_view key, std::string_view text) {
  result_.Add(FullKey(key), std::string(text), true);
}

std::string SectionReader::FullKey(std::string_view key) const {
  // A quoted key can hold anything, and is shown on one line.
  return absl::StrCat(label_, ".", absl::Utf8SafeCEscape(View(key)));
}

}  // namespace fectl::config
