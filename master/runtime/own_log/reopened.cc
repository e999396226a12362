#include "master/runtime/own_log/reopened.h"

#include "absl/strings/str_cat.h"

namespace fectl::runtime {

std::string InWords(const Reopened& reopened) {
  if (reopened.files == 0) return "no log file is configured, so there is nothing to open anew";
  if (reopened.failures.empty()) return "log files were opened anew";
  const size_t opened = reopened.files - reopened.failures.size();
  return absl::StrCat(opened, " of ", reopened.files,
                      " log files could be opened anew; the others are written to as before");
}

}  // namespace fectl::runtime
