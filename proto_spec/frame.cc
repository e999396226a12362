#include "proto_spec/frame.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace fectl::proto {
namespace {

constexpr size_t kShortLengthBytes = 2;
constexpr size_t kLongLengthBytes = 4;
// A buffer that one large frame has grown is given back once it is empty; one of this size is kept for the
// next.
constexpr size_t kKeptCapacity = 4096;

uint32_t BigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void AppendBigEndian(uint32_t value, size_t bytes, std::string* out) {
  while (bytes-- > 0) out->push_back(static_cast<char>(value >> (8 * bytes) & 0xff));
}

}  // namespace

absl::Status AppendFrame(std::string_view payload, Level level, std::string* out) {
  if (payload.empty()) return absl::InvalidArgumentError("a message cannot be empty");
  const size_t bytes_max = level == Level::kBase ? kBaseFrameBytesMax : kAnswerBytesMax;
  if (payload.size() > bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a message of ", payload.size(), " bytes; at most ", bytes_max, " can be sent"));
  }
  // Memory that cannot be had is missing before a part of the frame is there.
  out->reserve(out->size() + kShortLengthBytes + kLongLengthBytes + payload.size());
  if (payload.size() <= kBaseFrameBytesMax) {
    AppendBigEndian(static_cast<uint32_t>(payload.size()), kShortLengthBytes, out);
  } else {
    AppendBigEndian(0, kShortLengthBytes, out);
    AppendBigEndian(static_cast<uint32_t>(payload.size()), kLongLengthBytes, out);
  }
  out->append(payload);
  return absl::OkStatus();
}

FrameReader::FrameReader(size_t payload_bytes_max, bool long_frames)
    : payload_bytes_max_(payload_bytes_max), long_frames_(long_frames) {}

void FrameReader::AllowLongFrames(size_t payload_bytes_max) {
  long_frames_ = true;
  payload_bytes_max_ = payload_bytes_max;
}

void FrameReader::Append(std::string_view bytes) {
  if (!error_.ok()) return;
  if (taken_ == buffer_.size()) {
    ForgetTaken();
  } else if (taken_ > buffer_.size() / 2) {
    // Only then, so that each byte is moved at most once on average, however small the frames and reads are.
    buffer_.erase(0, taken_);
    taken_ = 0;
  }
  buffer_.append(bytes);
}

void FrameReader::ForgetTaken() {
  buffer_.clear();
  taken_ = 0;
  // Not an assignment: that keeps the memory where the string assigned is short.
  if (buffer_.capacity() > kKeptCapacity) std::string().swap(buffer_);
}

absl::StatusOr<std::optional<std::string_view>> FrameReader::Next() {
  if (!error_.ok()) return error_;
  const std::string_view waiting = std::string_view(buffer_).substr(taken_);
  if (waiting.empty()) ForgetTaken();
  if (waiting.size() < kShortLengthBytes) return std::nullopt;
  size_t header_bytes = kShortLengthBytes;
  size_t payload_bytes = BigEndian(waiting.substr(0, kShortLengthBytes));
  if (payload_bytes == 0 && long_frames_) {
    header_bytes += kLongLengthBytes;
    if (waiting.size() < header_bytes) return std::nullopt;
    payload_bytes = BigEndian(waiting.substr(kShortLengthBytes, kLongLengthBytes));
  }
  if (payload_bytes > payload_bytes_max_) {
    error_ = absl::ResourceExhaustedError(
        absl::StrCat("a frame of ", payload_bytes, " bytes; at most ", payload_bytes_max_, " are allowed"));
    std::string().swap(buffer_);
    taken_ = 0;
    return error_;
  }
  if (waiting.size() - header_bytes < payload_bytes) return std::nullopt;
  taken_ += header_bytes + payload_bytes;
  return waiting.substr(header_bytes, payload_bytes);
}

}  // namespace fectl::proto
