// For the differential test: decodes what comes on standard input and encodes it again.
//
// Input, a line each: KIND HEX (the payload), KIND one of worker, command, request, response, status.
// Output, a line each: "ok HEX", "unknown" or "error". `frames` and `longframes` take HEX,HEX,... (pieces of
// a stream) and give "ok HEX,HEX,..." (payloads) with "error" at the end if the stream was given up.
#include <iostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"
#include "proto_spec/testing/hex_bytes.h"
#include "proto_spec/worker_messages.h"

namespace fectl::proto {
namespace {

std::string Hex(std::string_view bytes) {
  return std::string(absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())));
}

template <typename Message, typename Encode>
std::string Answer(const absl::StatusOr<Message>& message, Encode encode) {
  if (message.ok()) return "ok " + Hex(encode(*message));
  return message.status().code() == absl::StatusCode::kUnimplemented ? "unknown" : "error";
}

std::string AnswerFrames(std::string_view pieces, bool long_frames) {
  FrameReader reader(long_frames ? kRequestBytesMax : 1000, long_frames);
  std::string answer = "ok ";
  while (true) {
    const size_t comma = pieces.find(',');
    reader.Append(HexBytes(pieces.substr(0, comma)));
    while (true) {
      const absl::StatusOr<std::optional<std::string_view>> next = reader.Next();
      if (!next.ok()) return answer + "error";
      if (!next->has_value()) break;
      answer += Hex(**next) + ",";
    }
    if (comma == std::string_view::npos) return answer;
    pieces.remove_prefix(comma + 1);
  }
}

std::string AnswerLine(std::string_view line) {
  const size_t space = line.find(' ');
  const std::string_view kind = line.substr(0, space);
  const std::string_view hex = line.substr(space + 1);
  if (kind == "frames") return AnswerFrames(hex, false);
  if (kind == "longframes") return AnswerFrames(hex, true);
  const std::string payload = HexBytes(hex);
  if (kind == "worker") return Answer(DecodeWorkerMessage(payload), EncodeWorkerMessage);
  if (kind == "command") return Answer(DecodeMasterCommand(payload), EncodeMasterCommand);
  if (kind == "request") return Answer(DecodeRequest(payload), EncodeRequest);
  if (kind == "response") {
    return Answer(DecodeResponse(payload),
                  [](const Response& response) { return EncodeResponse(response, Level::kThree); });
  }
  return "what?";
}

}  // namespace
}  // namespace fectl::proto

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << fectl::proto::AnswerLine(line) << std::endl;
}
