#ifndef FECTL_MASTER_EVIDENCE_REPORT_H_
#define FECTL_MASTER_EVIDENCE_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// What is kept of one incident, at most.
inline constexpr size_t kReportBytesMax = size_t{256} * 1024;

// The incident as a JSON object. `known` is the JSON object of what fectld knew; where that is none it is left
// out. Where the whole would be too long, what is least telling is left out first: descriptors, text of
// Python, threads behind the first ones. Pure.
std::string Report(int64_t unix_ms, std::string_view known, std::string_view culprit, Findings findings);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_REPORT_H_
