#ifndef MASTER_RUNTIME_OWN_LOG_LOG_LIMIT_H_
#define MASTER_RUNTIME_OWN_LOG_LOG_LIMIT_H_

#include <cstdint>
#include <string>

#include "master/core/basis/time.h"

namespace fectl::runtime {

// Keeps what a peer can repeat at will from filling the log: at most one line in `interval`, the next of
// which tells how many there would have been.
class LogLimit {
 public:
  explicit LogLimit(core::Span interval) : interval_(interval) {}

  // Whether the line is to be written. Then `*more` is what to put at its end: nothing, or " (and 17 more
  // before)".
  bool Pass(core::Instant now, std::string* more) {
    if (next_at_ > now) {
      ++silenced_;
      return false;
    }
    *more = silenced_ == 0 ? "" : " (and " + std::to_string(silenced_) + " more before)";
    silenced_ = 0;
    next_at_ = now + interval_;
    return true;
  }

 private:
  core::Span interval_;
  core::Instant next_at_;
  uint64_t silenced_ = 0;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_OWN_LOG_LOG_LIMIT_H_
