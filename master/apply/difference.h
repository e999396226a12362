#ifndef MASTER_APPLY_DIFFERENCE_H_
#define MASTER_APPLY_DIFFERENCE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "master/config/config.h"
#include "proto_spec/control_plan.h"

namespace fectl::apply {

// What becomes of one service of either configuration.
struct ServiceStep {
  std::string name;
  std::string renamed_from = {};  // its name until now, where that is another
  bool added = false;
  bool removed = false;
  bool live = false;  // how it is supervised changes
  bool roll = false;  // its workers are to be replaced
  int num_before = 0;
  int num_after = 0;
};

// From what runs to what is wanted. Effective values are compared, not the text of files.
struct Difference {
  std::vector<ServiceStep> services;       // those that change; in the order of the files, removed ones last
  std::vector<proto::ChangeView> changes;  // the same and more, for people
  int untouched = 0;                       // services and sockets that stay as they are
  std::string needs_restart;               // the keys for which fectld has to be restarted; empty: none
};

Difference Compare(const config::Config& running, const config::Config& wanted);

// A name for this difference between what runs, in version `version`, and `wanted`: seven hexadecimal digits.
std::string IdOf(int64_t version, const config::Config& running, const config::Config& wanted);

}  // namespace fectl::apply

#endif  // MASTER_APPLY_DIFFERENCE_H_
