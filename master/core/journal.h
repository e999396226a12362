#ifndef MASTER_CORE_JOURNAL_H_
#define MASTER_CORE_JOURNAL_H_

#include <optional>
#include <string>
#include <string_view>

#include "master/core/supervisor.h"

namespace fectl::core {

// The whole state of a supervisor as bytes, and back: what a successor of this process needs to go on where
// it left off. The bytes are complete (policies, deadlines, operations, who waits for an answer, history, the
// random stream), so a restored supervisor is equal and decides the same from then on. Times are of the same
// machine's monotonic clock, which goes on over exec.
std::string WriteJournal(const Supervisor& supervisor);

// The other half of it: what follows from the state's bytes is put before them. For tests that make such
// bytes up.
std::string SealJournal(std::string_view state);

// nullopt when the bytes are not a whole journal of this version: torn, damaged, or another program's. Never
// crashes, whatever the bytes are, and allocates no more than in proportion to them.
std::optional<Supervisor> ReadJournal(std::string_view bytes);

}  // namespace fectl::core

#endif  // MASTER_CORE_JOURNAL_H_
