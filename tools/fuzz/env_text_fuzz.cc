// A file of variables.
#include <algorithm>
#include <string>

#include "master/config/service/env_text.h"
#include "tools/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fectl;
  const std::string_view text = fuzz::Bytes(data, size);
  const config::EnvText read = config::ReadEnvText(text);
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const config::EnvText::Error& error : read.errors) {
    fuzz::RequireOneLine(error.text);
    fuzz::Require(error.line >= 1 && error.line <= lines, "an error stands on a line of the file");
  }
  // What was read can be written so that every program reads the same: in quotes of one kind or the other.
  std::string written;
  for (const auto& [name, value] : read.variables) {
    const bool single = value.find('\'') == std::string::npos;
    fuzz::Require(single || value.find('"') == std::string::npos, "a value has quotes of one kind at most");
    fuzz::Require(value.find('\n') == std::string::npos, "a value is one line");
    const char* const quote = single ? "'" : "\"";
    written += name + "=" + quote + value + quote + "\n";
  }
  const config::EnvText again = config::ReadEnvText(written);
  fuzz::Require(again.errors.empty(), "what was read can be written", written);
  fuzz::Require(again.variables == read.variables, "what was written reads the same", written);
  return 0;
}
