// The stream of events as server-sent events: what a client asks for, and the frames that it gets. Pure.
#ifndef FECTL_CLIENT_HTTP_EVENT_FRAMES_H_
#define FECTL_CLIENT_HTTP_EVENT_FRAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto_spec/log_messages.h"

namespace fectl::http {

// Where a reader is: "1043-9c1f". The number counts in one boot of fectld and begins anew in the next, so it
// does not suffice. "1043" alone is of the boot that runs.
struct Place {
  uint64_t seq = 0;
  std::string boot{};

  friend bool operator==(const Place&, const Place&) = default;
};
std::string PlaceText(const Place& place);
std::optional<Place> ParsePlace(std::string_view text);

// From the query of /api/v1/events, and the header Last-Event-ID, which is stronger, since a browser sends it
// when it connects again: `after` is a place, `since` unix milliseconds, `types` names with commas between
// them. Without a place and a time: what happens from now on. InvalidArgument: a sentence.
absl::StatusOr<proto::EventsRequest> EventsRequestOf(std::string_view query, std::string_view last_event_id);

// One frame, with its empty line. Gaps are in the stream, as {"type":"gap","from":A,"to":B}; what cannot be
// given is of the event type "refused". Empty: nothing is to be said.
std::string FrameOf(const proto::LogAnswer& answer);

// The first words: how soon to come again after an end.
inline constexpr char kFirstFrame[] = "retry: 1000\n\n";
// Nothing happens, and the connection lives.
inline constexpr char kIdleFrame[] = ":\n\n";

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_EVENT_FRAMES_H_
