#include "client/events/place.h"

#include <cstdint>

namespace fectl::client {

Place::Verdict Place::Take(const proto::EventLine& event) {
  Verdict verdict{.is_new = true};
  if (last_.has_value()) {
    const bool goes_on = event.boot == last_->boot;
    if (goes_on && event.seq <= last_->seq) return {};
    // Where the numbers begin anew they begin with 1.
    const uint64_t expected = goes_on ? last_->seq + 1 : 1;
    if (sees_all_ && event.seq > expected) verdict.gap = proto::EventGap{expected, event.seq - 1};
  }
  last_ = Cursor{event.boot, event.seq};
  return verdict;
}

}  // namespace fectl::client
