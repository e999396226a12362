#ifndef MASTER_RUNTIME_OWN_LOG_REOPENED_H_
#define MASTER_RUNTIME_OWN_LOG_REOPENED_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fectl::runtime {

// What became of the log files that were to be opened anew.
struct Reopened {
  size_t files = 0;  // that were to be opened, those in `failures` included
  std::vector<absl::Status> failures = {};

  void Count(const absl::Status& opened) {
    ++files;
    if (!opened.ok()) failures.push_back(opened);
  }
  void Add(const Reopened& more) {
    files += more.files;
    failures.insert(failures.end(), more.failures.begin(), more.failures.end());
  }
};

// One sentence: how many were opened.
std::string InWords(const Reopened& reopened);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_OWN_LOG_REOPENED_H_
