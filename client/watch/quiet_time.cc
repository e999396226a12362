#include "client/watch/quiet_time.h"

#include <algorithm>

namespace fectl::client {

std::optional<int64_t> QuietTime::due_ms() const {
  if (!first_ms_.has_value()) return std::nullopt;
  return std::min(last_ms_ + kQuietMs, *first_ms_ + kUnquietMs);
}

}  // namespace fectl::client
