// A journal as a successor finds it. Bytes that only the checksum would refuse are tried under a good one,
// too.
#include <optional>
#include <string>

#include "master/core/journal.h"
#include "master/core/supervisor.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

void TryJournal(std::string_view bytes) {
  const std::optional<core::Supervisor> restored = core::ReadJournal(bytes);
  if (!restored.has_value()) return;
  const std::string written = core::WriteJournal(*restored);
  const std::optional<core::Supervisor> again = core::ReadJournal(written);
  Require(again.has_value() && *again == *restored, "a journal survives writing and reading");
  Require(core::WriteJournal(*again) == written, "a state has one journal");
}

}  // namespace
}  // namespace fectl::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body = fectl::fuzz::Bytes(data, size);
  fectl::fuzz::TryJournal(body);
  fectl::fuzz::TryJournal(fectl::core::SealJournal(body));
  return 0;
}
