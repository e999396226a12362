#ifndef FECTL_WORKER_SDK_EVIDENCE_DUMP_WATCH_H_
#define FECTL_WORKER_SDK_EVIDENCE_DUMP_WATCH_H_

#include <memory>

#include "proto_spec/base/unique_fd.h"

namespace fectl::internal {

// Waits for the master's order `dump` beside the loop that reads orders: what the loop takes out of the pipe
// is seen by nobody else, and what it leaves there because it hangs is seen here without being taken out.
class DumpWatch {
 public:
  // `read_fd` is borrowed. nullptr: the system has no room for the descriptors.
  static std::unique_ptr<DumpWatch> Open(int read_fd);

  // Blocks. True: the order lies unread in the pipe. False: the pipe has ended, or Stop() was called.
  bool Wait();
  // From any thread.
  void Stop();

 private:
  DumpWatch() = default;
  bool IsOrdered();

  base::UniqueFd pipe_;
  base::UniqueFd stop_;
  base::UniqueFd epoll_;
  base::UniqueFd copy_read_;
  base::UniqueFd copy_write_;
};

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_EVIDENCE_DUMP_WATCH_H_
