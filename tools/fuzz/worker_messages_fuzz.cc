// What a worker may write into its pipe, and what a master may.
#include <string>

#include "absl/status/statusor.h"
#include "proto_spec/frame.h"
#include "proto_spec/message.h"
#include "proto_spec/worker_messages.h"
#include "tools/fuzz/refused.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

// Texts and gauges over the limits are cut when they are sent, so the first writing may lose something; the
// second may not.
void TryWorkerMessage(std::string_view payload) {
  const absl::StatusOr<proto::WorkerMessage> message = proto::DecodeWorkerMessage(payload);
  if (!message.ok()) return RequireRefused(message.status());
  Require(message->gauges.size() <= proto::kGaugesMax, "the number of gauges is bounded");
  const std::string written = proto::EncodeWorkerMessage(*message);
  const absl::StatusOr<proto::WorkerMessage> again = proto::DecodeWorkerMessage(written);
  Require(again.ok(), "what is written can be read", written);
  Require(again->kind == message->kind && again->level == message->level, "kind and level survive", written);
  const bool fits = message->text.size() <= proto::kTextBytesMax;
  Require(!fits || *again == *message, "a message survives writing and reading", written);
  Require(proto::EncodeWorkerMessage(*again) == written, "a message has one spelling", written);
  const bool application = message->kind == proto::WorkerMessage::Kind::kAppMessage;
  Require(application || written.size() <= proto::kBaseFrameBytesMax, "a message fits a base frame");
}

void TryMasterCommand(std::string_view payload) {
  const absl::StatusOr<proto::MasterCommand> command = proto::DecodeMasterCommand(payload);
  if (!command.ok()) return RequireRefused(command.status());
  const std::string written = proto::EncodeMasterCommand(*command);
  const absl::StatusOr<proto::MasterCommand> again = proto::DecodeMasterCommand(written);
  Require(again.ok() && *again == *command, "a command survives writing and reading", written);
}

}  // namespace
}  // namespace fectl::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fectl::fuzz::TryWorkerMessage(fectl::fuzz::Bytes(data, size));
  fectl::fuzz::TryMasterCommand(fectl::fuzz::Bytes(data, size));
  return 0;
}
