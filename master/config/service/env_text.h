#ifndef FECTL_MASTER_CONFIG_SERVICE_ENV_TEXT_H_
#define FECTL_MASTER_CONFIG_SERVICE_ENV_TEXT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fectl::config {

// What a file of variables (`env_file`) says. Each line is NAME=value, or empty, or a comment that begins
// with
// #. A value may stand in single or double quotes, as a whole. The programs that read such files disagree
// about everything else, so it is an error, unless it stands in single quotes: $, `, \, a # behind a blank,
// blanks around the value, export.
struct EnvText {
  struct Error {
    int line = 0;
    std::string name;  // of the variable, where it is known
    std::string text;
  };

  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<Error> errors;
};

EnvText ReadEnvText(std::string_view text);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SERVICE_ENV_TEXT_H_
