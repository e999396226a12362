#ifndef FECTL_MASTER_RUNTIME_LOGS_LAST_WORDS_H_
#define FECTL_MASTER_RUNTIME_LOGS_LAST_WORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/runtime/logs/log_link.h"

namespace fectl::runtime {

// What processes wrote last that have failed: the traceback, which says more than "exited with code 1". Asked
// from the logger when a failure is reported, and kept until that place has a worker that is loaded, or fails
// again.
class LastWords {
 public:
  // `logs` outlives it.
  explicit LastWords(LogLink* logs) : logs_(logs) {}
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

  void OnReport(const core::Report& report, core::Instant now);
  void Forget(core::ServiceId service);

  struct Words {
    uint64_t number = 0;  // of the failure, in the order of time
    core::Generation generation = 0;
    core::Instant at;
    std::string lines =
        {};              // each with its newline; empty: it has written nothing, or the logger did not answer
    bool asked = false;  // and not answered yet, for 100 ms at most
  };
  // Of the place; nullptr: nothing has failed there.
  const Words* Of(core::ServiceId service, uint32_t slot) const;
  // The slot that has failed last, and not before `since`; nullopt: none has.
  std::optional<uint32_t> FailedLast(core::ServiceId service, core::Instant since) const;

 private:
  LogLink* logs_;
  std::map<std::pair<core::ServiceId, uint32_t>, Words> words_;
  uint64_t failures_ = 0;
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_LOGS_LAST_WORDS_H_
