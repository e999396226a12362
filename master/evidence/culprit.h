#ifndef FECTL_MASTER_EVIDENCE_CULPRIT_H_
#define FECTL_MASTER_EVIDENCE_CULPRIT_H_

#include <string>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// Where the application hangs, for people: "`shop.db.query` db.py:88". "": that cannot be told. Pure.
//
// The innermost function of the application's own in the thread that serves. Where that waits for events in
// asyncio's loop, which does not hang, in the task that speaks to fectld, or else the oldest one.
std::string Culprit(const Findings& findings);

// Whether native code is of the system's libraries, so that what called it says more.
bool IsSystemCode(const Frame& frame);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_CULPRIT_H_
