#ifndef FECTL_MASTER_LOGGER_THREADS_BELL_H_
#define FECTL_MASTER_LOGGER_THREADS_BELL_H_

#include <atomic>

#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// What a thread waits at until another one has something for it. Costs who rings nothing while nobody waits.
class Bell {
 public:
  Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // From any thread.
  void Ring();

  // Announces a wait. After it, and before Wait(), look once more whether there is anything: what comes later
  // rings.
  void Prepare();
  // Until it rings, or `timeout_ms` is over (-1: never), or `also` is ready (-1: nothing; its events are
  // those of poll(2)). True: `also` is.
  bool Wait(int timeout_ms, int also = -1, short also_events = 0);
  // For a loop that waits for more, in the place of Wait(): readable when it has rung, until it is cleared.
  int fd() const { return event_.get(); }
  void Clear();

 private:
  std::atomic<bool> waiting_ = false;
  base::UniqueFd event_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_THREADS_BELL_H_
