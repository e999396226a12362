#ifndef FECTL_MASTER_CONFIG_COMMAND_WORDS_H_
#define FECTL_MASTER_CONFIG_COMMAND_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::config {

// Splits a command into words as a POSIX shell does, and does nothing else that a shell does: blanks separate
// words;
// '...' is taken as it stands; in "..." a backslash escapes only \ " $ ` and a newline; elsewhere a backslash
// escapes any character; an escaped newline vanishes. $, *, ~, #, ;, | and the like are ordinary characters.
// Errors: InvalidArgument, in words, for a quote that is not closed, a backslash at the end, and no word at
// all.
absl::StatusOr<std::vector<std::string>> SplitCommand(std::string_view command);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_COMMAND_WORDS_H_
