// Scenarios of the simulator, as they stand in testdata/scenarios.
#include <string>

#include "master/sim/trace.h"
#include "tools/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fectl;
  const sim::ParsedTrace parsed = sim::ParseTrace(fuzz::Bytes(data, size));
  if (parsed.error.has_value()) {
    fuzz::Require(parsed.error->starts_with("line "), "a mistake is named with its line", *parsed.error);
    return 0;
  }
  const std::string written = sim::ToText(parsed.trace);
  const sim::ParsedTrace again = sim::ParseTrace(written);
  fuzz::Require(!again.error.has_value(), again.error.value_or("what is written can be read"), written);
  fuzz::Require(sim::ToText(again.trace) == written, "a scenario has one spelling", written);
  return 0;
}
