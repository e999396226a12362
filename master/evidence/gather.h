#ifndef FECTL_MASTER_EVIDENCE_GATHER_H_
#define FECTL_MASTER_EVIDENCE_GATHER_H_

#include <sys/types.h>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// Looks into a process that hangs, from the gentlest look to the last one. Takes some 1.2 s at most, unless
// the kernel or the disk keeps it waiting.
Findings Gather(pid_t pid);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_GATHER_H_
