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

// Where each key stands, so that later checks can name the line too.
class KeyLines {
 public:
  void Set(std::string_view key, int line);

  // The line of `key`, else of the nearest section around it ("service.web" for "service.web.uid"), else 0.
  int Find(std::string_view key) const;

 private:
  std::map<std::string, int, std::less<>> lines_;
};

struct LoadResult {
  Config config;  // meaningful only if ok()
  std::vector<Problem> problems;
  KeyLines lines;
  std::string file;
  // What each of config.sockets and config.services is called in Problem::key: "service.web", or "service[2]"
  // (from 1) where the name is missing, bad, or taken.
  std::vector<std::string> socket_labels;
  std::vector<std::string> service_labels;

  // No problem but warnings.
  bool ok() const;

  // Notes a problem of `key` at the line of that key.
  void Add(std::string_view key, std::string text, bool warning = false);

  // Puts the problems in the order of the file; those of the file as a whole come last.
  void SortProblems();

  // All problems as they are ordered, one line each.
  std::string Describe() const;
};

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOAD_RESULT_H_
