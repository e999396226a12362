#ifndef FECTL_MASTER_CONFIG_PARSE_H_
#define FECTL_MASTER_CONFIG_PARSE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "master/config/load_result.h"

namespace fectl::config {

// Turns the text of a configuration file into a Config and finds every mistake that can be found without
// looking at the system: syntax, unknown keys, types, ranges, and what does not fit together. Pure; never
// fails by crashing or throwing, whatever the text is. `file_name` is only used in the problems.
LoadResult Parse(std::string_view text, std::string_view file_name);

// A file that another one includes.
struct SourceFile {
  std::string name;                   // as in problems
  std::string text;                   // empty where it could not be read
  std::vector<std::string> problems;  // of the file as a whole, in words
};

// What one pattern of `include` stands for, in the order in which it is to be read. `wrong` is set to a
// sentence where it cannot stand for anything.
using ReadIncluded = std::function<std::vector<SourceFile>(const std::string& pattern, std::string* wrong)>;

// The same for a file that may include others, by `read`. (Without it, `include` is checked and means
// nothing.)
LoadResult Parse(std::string_view text, std::string_view file_name, const ReadIncluded& read);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_PARSE_H_
