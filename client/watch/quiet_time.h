#ifndef FECTL_CLIENT_WATCH_QUIET_TIME_H_
#define FECTL_CLIENT_WATCH_QUIET_TIME_H_

#include <cstdint>
#include <optional>

namespace fectl::client {

// An editor saves in several steps, and a version control system changes many files: what is seen within this
// time after the last change is one change with it.
inline constexpr int64_t kQuietMs = 250;
// A program that writes all the time does not put it off for longer than this.
inline constexpr int64_t kUnquietMs = 2'000;

// When changes have come to rest. Pure: the time is handed in.
class QuietTime {
 public:
  void Changed(int64_t now_ms) {
    if (!first_ms_.has_value()) first_ms_ = now_ms;
    last_ms_ = now_ms;
  }

  // When what has changed is to be acted on; nullopt: nothing has.
  std::optional<int64_t> due_ms() const;

  // It is being acted on.
  void Forget() { first_ms_.reset(); }

 private:
  std::optional<int64_t> first_ms_;  // of the changes that were not acted on
  int64_t last_ms_ = 0;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_QUIET_TIME_H_
