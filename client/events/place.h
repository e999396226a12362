#ifndef FECTL_CLIENT_EVENTS_PLACE_H_
#define FECTL_CLIENT_EVENTS_PLACE_H_

#include <optional>
#include <utility>

#include "client/events/cursor.h"
#include "proto_spec/log_messages.h"

namespace fectl::client {

// Where a reader is in the stream of events, over connections and over numbers that begin anew: which events
// are new to it, and what is missing. Pure.
class Place {
 public:
  // `done`: the last one that the reader is done with. `sees_all`: none is left out by its type, so that a
  // number which is missing is an event that is missing.
  Place(std::optional<Cursor> done, bool sees_all) : last_(std::move(done)), sees_all_(sees_all) {}

  struct Verdict {
    bool is_new = false;
    std::optional<proto::EventGap> gap{};  // of events that are missing before it
  };
  Verdict Take(const proto::EventLine& event);

  // The last one that was new; nullopt: none was.
  const std::optional<Cursor>& last() const { return last_; }

 private:
  std::optional<Cursor> last_;
  bool sees_all_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_PLACE_H_
