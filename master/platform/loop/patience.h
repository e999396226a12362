#ifndef MASTER_PLATFORM_LOOP_PATIENCE_H_
#define MASTER_PLATFORM_LOOP_PATIENCE_H_

#include <cstdint>

namespace fectl::platform {

// Time for what another process is about to give back by ending, and what no event announces: a lock, a port.
// For the start of the master only, as it blocks.
class Patience {
 public:
  explicit Patience(int64_t milliseconds);

  // Waits for a moment. False, without waiting: the time is over.
  bool Wait() const;

 private:
  int64_t until_ns_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_LOOP_PATIENCE_H_
