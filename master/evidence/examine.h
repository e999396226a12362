#ifndef FECTL_MASTER_EVIDENCE_EXAMINE_H_
#define FECTL_MASTER_EVIDENCE_EXAMINE_H_

namespace fectl::evidence {

// What `fectld --examine PID` does: looks into a worker that hangs, as the worker's user and beside its
// successor. Reads what fectld knows of the worker, a JSON object, from standard input; writes where it
// hangs, a line, and then the incident, a JSON object, to standard output. It may block, crash or be killed.
// Returns the exit code.
int Examine(int pid);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_EXAMINE_H_
