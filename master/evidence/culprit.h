#ifndef FECTL_MASTER_EVIDENCE_CULPRIT_H_
#define FECTL_MASTER_EVIDENCE_CULPRIT_H_

#include <string>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// Where the process hangs, for people: "hung in `spin` guest.cc:88". That is the innermost function of the
// application's own in the thread that sends the heartbeats, or, where the event loop of that has nothing to
// do, in the asyncio task; without a word from Python in the first thread. Where no function is known it is
// what the kernel says of that thread: "hung, waiting in the kernel (futex_wait)" or "hung, busy at 100 %".
// Pure.
std::string WhereItHangs(const Findings& findings);

// Whether native code is of the system's libraries, so that what called it says more.
bool IsSystemCode(const Frame& frame);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_CULPRIT_H_
