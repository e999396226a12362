#ifndef FECTL_MASTER_CONFIG_SECTION_READER_H_
#define FECTL_MASTER_CONFIG_SECTION_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/config/keys.h"
#include "master/config/load_result.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// Reads the keys of one section by type, and notes one problem for each that is not what it must be.
//
// All readers: nothing is returned for a key that is absent, and for one that is wrong, which has been noted.
class SectionReader {
 public:
  // `name` is one of kSections'; `label` is what the section is called in problems. Notes the unknown keys at
  // once. The arguments must outlive the reader.
  SectionReader(const Table& table, std::string_view name, std::string label, LoadResult* result);

  const std::string& label() const { return label_; }

  // Whether something is written for `key`, be it readable or not.
  bool Has(std::string_view key) const;
  // What is written for `key`, or null.
  const Value* Find(std::string_view key) const;

  // A string that is not empty.
  std::optional<std::string> String(std::string_view key);
  // The same, and short enough for the system.
  std::optional<std::string> Path(std::string_view key);
  // A path whose last part can be a file.
  std::optional<std::string> FilePath(std::string_view key);
  // The same, and of at most 107 bytes, which is what a UNIX socket's address has room for.
  std::optional<std::string> SocketPath(std::string_view key);
  std::optional<int64_t> Integer(std::string_view key, int64_t least, int64_t most);
  // Seconds, as an integer or with a fraction.
  std::optional<int64_t> Milliseconds(std::string_view key);
  // An array of strings; where `or_one`, also a string alone.
  std::optional<std::vector<std::string>> Strings(std::string_view key, bool or_one);
  // The index of the word in `words`, whose case does not matter. `what` says what is allowed; empty: all
  // words.
  std::optional<size_t> OneOf(std::string_view key, std::span<const std::string_view> words,
                              std::string_view what = {});
  std::optional<Account> UserOrGroup(std::string_view key);
  std::optional<bool> Boolean(std::string_view key);

  // What `name` says, which is required; empty: it is not there, or no IsGoodName().
  std::string Name();
  // A name of something else, as that of another service; empty as above.
  std::string NameOf(std::string_view key);
  // Names, each one once; empty where one of them is wrong.
  std::vector<std::string> Names(std::string_view key);

  // Notes that `key` is missing, unless it is there or a misspelling of it is.
  void Require(std::string_view key, std::string_view what);

  void Fail(std::string_view key, std::string_view text);
  // "must be ..., not ...": of what is written for `key`.
  void FailWith(std::string_view key, std::string_view what, const Value& value);
  void Warn(std::string_view key, std::string_view text);

 private:
  std::string FullKey(std::string_view key) const;

  const Table& table_;
  std::vector<std::string_view> misspelt_;  // the keys that unknown keys were probably meant to be
  const std::string label_;
  LoadResult& result_;
};

// Names of sockets and services, and labels: 1 to 64 letters, digits, '.', '_' and '-'. They become parts of
// the names of variables and words of commands.
bool IsGoodName(std::string_view name);

// What a reader has found, where it has found anything.
template <typename T, typename U>
void Assign(std::optional<U> from, T* to) {
  if (from.has_value()) *to = static_cast<T>(*std::move(from));
}

// A user's or group's name or number as text; nothing for what can be neither.
std::optional<Account> ReadAccount(const std::string& text);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SECTION_READER_H_
