#ifndef FECTL_MASTER_EVIDENCE_REPORT_H_
#define FECTL_MASTER_EVIDENCE_REPORT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// What is kept of one incident, at most.
inline constexpr size_t kReportBytesMax = size_t{256} * 1024;

// The incident as a JSON object. Its member `summary` is what fectld knew (`known`, a JSON object; left out
// where it is none) and `where`. Where the whole would be too long, what is least telling is left out first:
// descriptors, then threads behind the first ones, then Python's. Pure.
std::string Report(std::string_view known, std::string_view where, Findings findings);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_REPORT_H_
