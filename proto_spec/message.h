// The envelope of every payload, {"cmd": NAME, "data": VALUE}, and typed readers of its data. Pure.
//
// Decoding never throws, never recurses, and allocates in proportion to the payload at most. Strings are
// valid UTF-8 on both sides. Refused as a whole is a payload with invalid UTF-8, an unpaired surrogate, a
// number that a double cannot hold or of more than 100 characters, more than kNestingMax levels, or `cmd` or
// `data` twice.
#ifndef FECTL_PROTO_SPEC_MESSAGE_H_
#define FECTL_PROTO_SPEC_MESSAGE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::proto {

// Objects and arrays inside one another, the envelope included. Messages of the protocols need six; the rest
// is for the messages of applications.
inline constexpr size_t kNestingMax = 64;

// A message of an application's own, between it and its peers: what fits a base frame beside its envelope.
inline constexpr size_t kAppMessageBytesMax = 60 * 1024;

struct Envelope {
  std::string cmd{};
  // The raw JSON text of `data`, a part of the decoded payload (so it lives as long). Empty when `data` is
  // absent or null. It has been checked along with the payload: well-formed, shallow, valid UTF-8.
  std::string_view data{};
};

// InvalidArgument, in words for people that quote the start of the payload, when it is not such an object.
absl::StatusOr<Envelope> DecodeEnvelope(std::string_view payload);

// `data_json` must be JSON text, or empty for no data. Gives {"cmd":NAME} or {"cmd":NAME,"data":VALUE} with
// no spaces.
std::string EncodeEnvelope(std::string_view cmd, std::string_view data_json = {});

// Readers of Envelope::data. `data` must come from DecodeEnvelope. InvalidArgument when it has another type.
absl::StatusOr<std::string> DataString(std::string_view data);
absl::StatusOr<std::vector<std::string>> DataStrings(std::string_view data);
// An object whose values are all numbers, in order. A name that comes twice keeps its first place and last
// value.
absl::StatusOr<std::vector<std::pair<std::string, double>>> DataNumbers(std::string_view data);

// A JSON string with its quotes. Invalid UTF-8 is replaced by U+FFFD (one for each maximal invalid part),
// never emitted.
std::string JsonString(std::string_view text);
// A JSON array of strings.
std::string JsonStrings(const std::vector<std::string>& texts);

// True when `text` is one JSON value that any peer of ours would accept as data (the rules at the top of this
// file).
bool ValidJson(std::string_view text);

// The first 64 bytes, quoted, everything but printable ASCII escaped, with "..." when something is left out:
// safe in one log line, whatever a peer has sent.
std::string QuotedStart(std::string_view bytes);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_MESSAGE_H_
