// The variables in which a worker finds its channel and its sockets.
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/environment.h"
#include "tools/fuzz/refused.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

template <typename Value, typename Format>
void Try(const absl::StatusOr<Value>& value, Format format,
         absl::StatusOr<Value> (*parse)(std::string_view)) {
  if (!value.ok()) return RequireRefused(value.status());
  const std::string written = format(*value);
  const absl::StatusOr<Value> again = parse(written);
  Require(again.ok() && *again == *value, "a variable survives writing and reading", written);
}

}  // namespace
}  // namespace fectl::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fectl;
  const std::string_view text = fuzz::Bytes(data, size);
  fuzz::Try(proto::ParseChannel(text), proto::FormatChannel, proto::ParseChannel);
  fuzz::Try(proto::ParseSocket(text), proto::FormatSocket, proto::ParseSocket);
  fuzz::Try(proto::ParseArguments(text), proto::FormatArguments, proto::ParseArguments);
  fuzz::Try(proto::ParseSeconds(text), proto::FormatSeconds, proto::ParseSeconds);
  fuzz::Try(
      proto::ParseIndex(text), [](int index) { return std::to_string(index); }, proto::ParseIndex);
  return 0;
}
