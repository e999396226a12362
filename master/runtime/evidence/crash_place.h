#ifndef FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_PLACE_H_
#define FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_PLACE_H_

#include <string>
#include <string_view>

namespace fectl::runtime {

// Where a process crashed, of what it wrote last: "crashed in `query` db.py:88: ValueError: no such row".
// Known are tracebacks of Python (the innermost function that is of no library), what its faulthandler
// writes, and the last words of C++ ("crashed: std::runtime_error: no such row"). Empty: it has written
// nothing of the kind. At most 200 bytes, safe for a terminal. Pure.
std::string CrashPlace(std::string_view lines);

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_PLACE_H_
