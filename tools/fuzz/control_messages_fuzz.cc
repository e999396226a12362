// What a client may ask, and what it may be answered.
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"
#include "tools/fuzz/refused.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

void TryRequest(std::string_view payload) {
  const absl::StatusOr<proto::Request> request = proto::DecodeRequest(payload);
  if (!request.ok()) return RequireRefused(request.status());
  const std::string written = proto::EncodeRequest(*request);
  const absl::StatusOr<proto::Request> again = proto::DecodeRequest(written);
  Require(again.ok() && *again == *request, "a request survives writing and reading", written);
}

bool IsAboveBaseLevel(proto::Response::Kind kind) {
  return kind >= proto::Response::Kind::kHello;  // as they stand in the enum
}

// An overview is written without its workers, so the first writing may lose something; the second may not.
void TryResponse(std::string_view payload) {
  const absl::StatusOr<proto::Response> response = proto::DecodeResponse(payload);
  if (!response.ok()) return RequireRefused(response.status());
  const std::string written = proto::EncodeResponse(*response, proto::Level::kThree);
  const absl::StatusOr<proto::Response> again = proto::DecodeResponse(written);
  Require(again.ok() && again->kind == response->kind, "what is written can be read", written);
  const bool whole = response->kind != proto::Response::Kind::kOverview;
  Require(!whole || *again == *response, "an answer survives writing and reading", written);
  Require(proto::EncodeResponse(*again, proto::Level::kThree) == written, "an answer has one spelling",
          written);

  if (IsAboveBaseLevel(response->kind)) return;
  const std::string base = proto::EncodeResponse(*response, proto::Level::kBase);
  Require(base.size() <= proto::kBaseFrameBytesMax, "an answer of the base level fits a base frame");
  Require(proto::DecodeResponse(base).ok(), "an answer of the base level can be read", base);
}

}  // namespace
}  // namespace fectl::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fectl::fuzz::TryRequest(fectl::fuzz::Bytes(data, size));
  fectl::fuzz::TryResponse(fectl::fuzz::Bytes(data, size));
  return 0;
}
