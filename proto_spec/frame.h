// Frames: how payloads of both protocols are cut out of a byte stream. Pure: bytes in, payloads out.
//
//   base level   [length: 2 bytes, big-endian][payload]
//   long frame   [0: 2 bytes][length: 4 bytes, big-endian][payload]     (control protocol, after `Hello`)
#ifndef FECTL_PROTO_SPEC_FRAME_H_
#define FECTL_PROTO_SPEC_FRAME_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::proto {

// What a peer has said that it understands. Nobody is sent level 2 before it said so.
enum class Level { kBase = 1, kTwo = 2, kThree = 3 };

// The largest payload that a 16-bit length can announce.
inline constexpr size_t kBaseFrameBytesMax = 65535;
// A request is a verb and a name. A mebibyte is far more than any, and little enough for a hundred clients.
inline constexpr size_t kRequestBytesMax = size_t{1} << 20;
// An answer that describes 10,000 workers with all their events stays below this.
inline constexpr size_t kAnswerBytesMax = size_t{64} << 20;

// Appends `payload` as one frame to `*out`. A payload of more than 65,535 bytes becomes a long frame at
// level 2.
//
// Errors (then `*out` is unchanged): InvalidArgument for an empty payload; ResourceExhausted for one that is
// too large for the level (more than 65,535 bytes at the base level, more than kAnswerBytesMax at level 2).
absl::Status AppendFrame(std::string_view payload, Level level, std::string* out);

// Cuts a byte stream, which may arrive split and glued anywhere, into payloads.
//
// Memory: never more than twice the bytes that were appended and not yet taken; the announced length of a
// frame reserves nothing. Whoever takes all frames after each Append thus holds at most one frame and one
// read. Not thread-safe.
class FrameReader {
 public:
  // `payload_bytes_max`: a frame that announces more is an error as soon as its length has arrived.
  explicit FrameReader(size_t payload_bytes_max, bool long_frames = false);

  // From here on long frames are understood (the peer said `Hello`), and payloads may have the given size.
  // Call it between two frames of the peer: bytes already appended are read by the new rule.
  void AllowLongFrames(size_t payload_bytes_max);

  // Invalidates the view that Next() gave.
  void Append(std::string_view bytes);

  // The next complete payload, or nullopt when more bytes are needed. The view lives until the next call of
  // Append() or Next(). Where long frames are not allowed, a length of 0 is a frame with an empty payload (no
  // message has one: the message layer refuses it).
  //
  // Error: ResourceExhausted when a frame announces more than the maximum. It is final: the stream cannot be
  // understood any more, every later call gives the same error, and later bytes are thrown away.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // Bytes that have arrived and were not yet given out.
  size_t buffered_bytes() const { return buffer_.size() - taken_; }
  // What all of it costs, also where most has been given out.
  size_t held_bytes() const { return buffer_.capacity(); }
  // True while the beginning of an incomplete frame is waiting for its rest (after Next() gave nullopt): what
  // a deadline for slow peers asks, and what makes an end of stream a torn frame.
  bool mid_frame() const { return buffered_bytes() > 0; }

 private:
  void ForgetTaken();

  size_t payload_bytes_max_;
  bool long_frames_;
  // Bytes of the stream from an arbitrary point on; the first `taken_` have been given out.
  std::string buffer_;
  size_t taken_ = 0;
  absl::Status error_;
};

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_FRAME_H_
