// A configuration's text, up to what can be checked without looking at the system.
#include <algorithm>
#include <string>

#include "master/config/load_result.h"
#include "master/config/parse.h"
#include "master/config/print_toml.h"
#include "tools/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fectl;
  const std::string_view text = fuzz::Bytes(data, size);
  const config::LoadResult result = config::Parse(text, "fectld.toml");
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const config::Problem& problem : result.problems) {
    fuzz::RequireOneLine(problem.ToString());
    fuzz::Require(!problem.text.empty(), "a problem has words");
    fuzz::Require(problem.line >= 0 && problem.line <= lines, "a problem stands on a line of the file");
  }
  if (!result.ok()) return 0;
  fuzz::Require(!result.config.services.empty(), "a configuration has a service");
  const std::string printed = config::PrintToml(result.config);
  const config::LoadResult again = config::Parse(printed, "printed");
  fuzz::Require(again.ok(), "the effective configuration is one: " + again.Describe(), printed);
  fuzz::Require(again.config == result.config, "the effective configuration is the same", printed);
  return 0;
}
