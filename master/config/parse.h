#ifndef FECTL_MASTER_CONFIG_PARSE_H_
#define FECTL_MASTER_CONFIG_PARSE_H_

#include <string>
#include <string_view>

#include "master/config/load_result.h"

namespace fectl::config {

// Turns the text of a configuration file into a Config and finds every mistake that can be found without
// looking at the system: syntax, unknown keys, types, ranges, and what does not fit together. Pure; never
// fails by crashing or throwing, whatever the text is. `file_name` is only used in the problems.
LoadResult Parse(std::string_view text, std::string_view file_name);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_PARSE_H_
