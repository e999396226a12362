#ifndef FECTL_MASTER_EVIDENCE_GATHER_H_
#define FECTL_MASTER_EVIDENCE_GATHER_H_

#include <sys/types.h>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// Looks into a process that hangs, from the gentlest look to the last one, after which it may be in any state,
// so it is to be killed. `page_fd`: its FECTL_EVIDENCE; -1: none. Takes no longer than kGatherLimit.
Findings Gather(pid_t pid, int page_fd);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_GATHER_H_
