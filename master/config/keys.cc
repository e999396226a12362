#include "master/config/keys.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "master/config/toml/foreign_words.h"
#include "proto_spec/base/edit_distance.h"

namespace fectl::config {
namespace {

constexpr size_t kWordBytesMax =
    64;  // longer words are nobody's misspelling, and cost the square of their length

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

std::string JoinWords(std::span<const std::string_view> words) {
  std::string joined;
  for (std::string_view word : words) absl::StrAppend(&joined, joined.empty() ? "" : ", ", View(word));
  return joined;
}

}  // namespace

std::optional<std::string_view> ClosestWord(std::string_view word,
                                            std::span<const std::string_view> candidates) {
  if (word.size() > kWordBytesMax) return std::nullopt;
  std::optional<std::string_view> closest;
  size_t closest_distance = 0;
  for (std::string_view candidate : candidates) {
    const size_t distance = base::EditDistance(word, candidate);
    if (distance * 3 > std::max(word.size(), candidate.size())) continue;
    if (!closest.has_value() || distance < closest_distance) {
      closest = candidate;
      closest_distance = distance;
    }
  }
  return closest;
}

bool IsSectionIn(std::string_view section, std::string_view key) {
  return std::any_of(std::begin(kSections), std::end(kSections), [&](const SectionKeys& other) {
    return other.name == absl::StrCat(View(section), ".", View(key));
  });
}

std::string UnknownKeyText(std::string_view section, std::string_view key) {
  if (key == kIncludeKey)
    return "unknown key: it must stand at the top of the file, before the first section";
  const bool of_defaults = section == "defaults";
  if (of_defaults &&
      std::find(std::begin(kServiceKeys), std::end(kServiceKeys), key) != std::end(kServiceKeys)) {
    return "unknown key: it says what a single service is, and must stand in [[service]] itself";
  }
  const std::string foreign = ForeignKeyHint(of_defaults ? "service" : section, key);
  std::span<const std::string_view> keys;
  for (const SectionKeys& candidate : kSections) {
    if (candidate.name == section) keys = candidate.keys;
  }
  // Of another section it may be our own word: "group" of a socket.
  const bool of_this_section = !foreign.empty() && foreign.find(", in [") == std::string::npos;
  if (of_this_section) return absl::StrCat("unknown key: ", foreign);
  for (const SectionKeys& other : kSections) {
    if (std::find(other.keys.begin(), other.keys.end(), key) != other.keys.end()) {
      return absl::StrCat("unknown key: it belongs to ", View(other.written), "; allowed here are ",
                          JoinWords(keys));
    }
  }
  if (!foreign.empty()) return absl::StrCat("unknown key: ", foreign);
  if (const auto meant = ClosestWord(key, keys)) {
    return absl::StrCat("unknown key, did you mean \"", View(*meant), "\"?");
  }
  return absl::StrCat("unknown key; allowed are ", JoinWords(keys));
}

std::string UnknownSectionText(std::string_view name) {
  for (const SectionKeys& section : kSections) {
    if (std::find(section.keys.begin(), section.keys.end(), name) != section.keys.end()) {
      return absl::StrCat("must stand in a section, such as ", View(section.written));
    }
  }
  if (const std::string foreign = ForeignSectionHint(name); !foreign.empty()) {
    return absl::StrCat("unknown section: ", foreign);
  }
  std::vector<std::string_view> names;
  for (const SectionKeys& section : kSections) names.push_back(section.name);
  if (const auto meant = ClosestWord(name, names)) {
    for (const SectionKeys& section : kSections) {
      if (section.name == *meant) {
        return absl::StrCat("unknown section, did you mean ", View(section.written), "?");
      }
    }
  }
  std::string written;
  for (const SectionKeys& section : kSections) {
    absl::StrAppend(&written, written.empty() ? "" : ", ", View(section.written));
  }
  return absl::StrCat("unknown section; allowed are ", written);
}

}  // namespace fectl::config
