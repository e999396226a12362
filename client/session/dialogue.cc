#include "client/session/dialogue.h"

#include <utility>

#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

absl::Status NotUnderstood(const std::string& why) {
  const std::string text = "what listens there does not talk like fectld: " + base::EscapeForTerminal(why);
  return absl::DataLossError(absl::string_view(text.data(), text.size()));
}

// What comes for a subscription, and answers no request.
bool IsRecord(proto::Response::Kind kind) {
  return kind == proto::Response::Kind::kMessage || kind == proto::Response::Kind::kGap ||
         kind == proto::Response::Kind::kEnded;
}

}  // namespace

Dialogue::Dialogue() : reader_(proto::kBaseFrameBytesMax) {}

void Dialogue::AskHello(bool quietly) {
  proto::Request hello;
  hello.verb = proto::Request::Verb::kHello;
  hello.version = proto::kControlVersion;
  // A Hello always fits.
  proto::AppendFrame(proto::EncodeRequest(hello), proto::Level::kBase, &unsent_).IgnoreError();
  asked_.push_back(quietly ? Asked::kQuietHello : Asked::kOther);
  // Long frames come after the answer at the earliest, and only from a fectld that has understood the
  // question; one that has not never sends an empty frame, so nothing can be mistaken.
  reader_.AllowLongFrames(proto::kAnswerBytesMax);
}

absl::Status Dialogue::Ask(const proto::Request& request) {
  // Only a message may be long; elsewhere it is a name, which cannot be.
  const proto::Level level = request.verb == proto::Verb::kSend ? level_ : proto::Level::kBase;
  const absl::Status framed = proto::AppendFrame(proto::EncodeRequest(request), level, &unsent_);
  if (!framed.ok()) return absl::InvalidArgumentError("the name is too long to be a service's");
  asked_.push_back(request.verb == proto::Request::Verb::kPing ? Asked::kPing : Asked::kOther);
  return absl::OkStatus();
}

absl::Status Dialogue::Receive(std::string_view bytes) {
  reader_.Append(bytes);
  for (;;) {
    const absl::StatusOr<std::optional<std::string_view>> payload = reader_.Next();
    if (!payload.ok()) return NotUnderstood(std::string(payload.status().message()));
    if (!payload->has_value()) return absl::OkStatus();
    absl::Status taken = TakeFrame(**payload);
    if (!taken.ok()) return taken;
  }
}

absl::Status Dialogue::TakeFrame(std::string_view payload) {
  absl::StatusOr<proto::Response> response = proto::DecodeResponse(payload);
  if (!response.ok()) return NotUnderstood(std::string(response.status().message()));
  const bool pong = response->kind == proto::Response::Kind::kPong;
  if (pong && (asked_.empty() || asked_.front() != Asked::kPing)) return absl::OkStatus();
  if (response->kind == proto::Response::Kind::kHello) level_ = proto::AgreedLevel(response->version);
  if (IsRecord(response->kind)) {
    answers_.push_back(*std::move(response));
    return absl::OkStatus();
  }
  if (asked_.empty()) {
    const std::string said = response->kind == proto::Response::Kind::kError
                                 ? response->text
                                 : "unasked answer " + std::string(proto::WireWord(response->kind));
    return NotUnderstood(said);
  }
  const Asked asked = asked_.front();
  asked_.pop_front();
  if (asked != Asked::kQuietHello) {
    answers_.push_back(*std::move(response));
  } else if (response->kind != proto::Response::Kind::kHello) {
    return NotUnderstood("Hello was answered with " + std::string(proto::WireWord(response->kind)));
  }
  return absl::OkStatus();
}

std::optional<proto::Response> Dialogue::TakeAnswer() {
  if (answers_.empty()) return std::nullopt;
  proto::Response answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

}  // namespace fectl::client
