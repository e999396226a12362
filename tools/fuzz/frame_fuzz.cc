// The byte stream of either protocol. The first byte chooses the level and where the stream is cut into
// reads, the rest is the stream.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/frame.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

struct Heard {
  std::vector<std::string> payloads;
  std::string error;
  size_t left = 0;

  bool operator==(const Heard&) const = default;
};

struct Rules {
  bool long_frames;
  size_t payload_bytes_max;
};

void TakeAll(proto::FrameReader& reader, Heard* heard) {
  while (true) {
    const absl::StatusOr<std::optional<std::string_view>> next = reader.Next();
    if (!next.ok()) {
      Require(next.status().code() == absl::StatusCode::kResourceExhausted, "only a length is an error");
      Require(heard->error.empty() || heard->error == next.status().message(), "an error is final");
      heard->error = std::string(next.status().message());
      RequireOneLine(heard->error);
      Require(reader.buffered_bytes() == 0, "a broken stream holds nothing");
      heard->left = 0;
      return;
    }
    Require(heard->error.empty(), "an error is final");
    if (!next->has_value()) break;
    heard->payloads.emplace_back(**next);
  }
  heard->left = reader.buffered_bytes();
  Require(reader.mid_frame() == (heard->left > 0), "the middle of a frame is what is left");
}

// Reads of 1 to 13 bytes, or all at once where `pace` is 0.
Heard Hear(std::string_view stream, const Rules& rules, unsigned pace) {
  proto::FrameReader reader(rules.payload_bytes_max, rules.long_frames);
  Heard heard;
  while (!stream.empty()) {
    const size_t bytes = pace == 0 ? stream.size() : std::min<size_t>(stream.size(), 1 + pace % 13);
    pace = pace == 0 ? 0 : pace * 5 % 8191;
    reader.Append(stream.substr(0, bytes));
    stream.remove_prefix(bytes);
    TakeAll(reader, &heard);
  }
  return heard;
}

void RequireSameAfterWriting(const Heard& heard, const Rules& rules) {
  const proto::Level level = rules.long_frames ? proto::Level::kTwo : proto::Level::kBase;
  std::string written;
  Heard expected;
  for (const std::string& payload : heard.payloads) {
    Require(payload.size() <= rules.payload_bytes_max, "no payload is larger than allowed");
    const std::string before = written;
    const absl::Status appended = proto::AppendFrame(payload, level, &written);
    Require(appended.ok() == !payload.empty(), "every payload but an empty one can be sent");
    if (appended.ok()) {
      expected.payloads.push_back(payload);
    } else {
      Require(written == before, "what cannot be sent leaves nothing behind");
    }
  }
  Require(Hear(written, rules, 0) == expected, "what was written is read again");
}

}  // namespace
}  // namespace fectl::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fectl::fuzz;
  if (size == 0) return 0;
  const Rules rules = {.long_frames = (data[0] & 1) != 0,
                       .payload_bytes_max = (data[0] & 2) != 0 ? 40 : fectl::proto::kRequestBytesMax};
  const std::string_view stream = Bytes(data + 1, size - 1);
  const Heard whole = Hear(stream, rules, 0);
  Require(Hear(stream, rules, 1U + data[0]) == whole, "the places where a stream is cut do not matter");
  RequireSameAfterWriting(whole, rules);
  return 0;
}
