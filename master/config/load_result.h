#ifndef FECTL_MASTER_CONFIG_LOAD_RESULT_H_
#define FECTL_MASTER_CONFIG_LOAD_RESULT_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "master/config/config.h"

namespace fectl::config {

// One thing that is wrong with a configuration.
struct Problem {
  std::string file;
  int line = 0;  // from 1; 0: the file as a whole
  std::string
      key;  // "service.web.num", "socket[2].name" (from 1, where there is no usable name); may be empty
  std::string text;  // what is wrong and what is allowed
  bool warning = false;

  // "fectld.toml:12: service.web.num: must be ..."; a warning says "warning: " after the position.
  std::string ToString() const;

  bool operator==(const Problem&) const = default;
};

// Where a key stands.
struct Place {
  int line = 0;  // from 1; 0: unknown
  int file = 0;  // index in LoadResult::files

  bool operator==(const Place&) const = default;
};

// Where each key stands, so that later checks can name the place too.
class KeyLines {
 public:
  using Map = std::map<std::string, Place, std::less<>>;

  // The file of what is set from now on.
  void SetFile(int file) { file_ = file; }
  void Set(std::string_view key, int line) { Set(key, Place{line, file_}); }
  void Set(std::string_view key, Place place);

  bool Has(std::string_view key) const { return places_.contains(key); }
  // The place of `key`, else of the nearest section around it ("service.web" for "service.web.uid"), else of
  // the first file as a whole.
  Place FindPlace(std::string_view key) const;
  int Find(std::string_view key) const { return FindPlace(key).line; }

  const Map& all() const { return places_; }

  bool operator==(const KeyLines& other) const { return places_ == other.places_; }

 private:
  Map places_;
  int file_ = 0;
};

struct LoadResult {
  Config config;  // meaningful only if ok()
  std::vector<Problem> problems;
  KeyLines lines;
  std::string file;  // the main one
  // All that were read: the main one, those that it includes, and those with variables. Empty: only `file`.
  std::vector<std::string> files;
  // What each of config.sockets and config.services is called in Problem::key: "service.web", or "service[2]"
  // (from 1) where the name is missing, bad, or taken.
  std::vector<std::string> socket_labels;
  std::vector<std::string> service_labels;

  // No problem but warnings.
  bool ok() const;

  // Notes a problem of `key` at the line of that key.
  void Add(std::string_view key, std::string text, bool warning = false);

  // "line 7", or "conf.d/a.toml:7" where that is not the file in which `seen_from` stands.
  std::string PlaceText(std::string_view key, std::string_view seen_from) const;
  // The file in which `key` stands.
  const std::string& FileOf(std::string_view key) const;

  // Puts the problems in the order of the files; those of the main file as a whole come last.
  void SortProblems();

  // All problems as they are ordered, one line each.
  std::string Describe() const;

  bool operator==(const LoadResult&) const = default;
};

// The key by which the socket called `label` says its host: it may be written as `host` or as `ip`.
std::string HostKey(const std::string& label, const LoadResult& result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOAD_RESULT_H_
