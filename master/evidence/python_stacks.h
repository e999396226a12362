#ifndef FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_
#define FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// Both are of a process that hangs, so nothing is expected of them: what cannot be understood is left out. Pure.

// What the worker's own thread says: {"stacks":[{"name":..,"task":bool,"serves":bool,"frames":[[function, file,
// line, library], ...]}, ...]}, innermost frame first.
std::vector<PythonStack> ReadTold(std::string_view json);

// What faulthandler writes. It knows no modules, so the functions have their bare names; of the threads, newest
// first, the last one is the main thread, which serves as far as can be told.
std::vector<PythonStack> ReadFaulthandler(std::string_view text);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_
