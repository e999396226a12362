#ifndef MASTER_PLATFORM_CHILDREN_LOW_DESCRIPTORS_H_
#define MASTER_PLATFORM_CHILDREN_LOW_DESCRIPTORS_H_

#include <cstddef>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

// A few low numbers, kept to pass descriptors to new processes under them.
//
// The kernel copies the table of descriptors for a new process and closes all that is not passed on at its
// exec: with thousands open that is most of what a start costs. It copies only as far as the highest number
// that the new process keeps, so that number has to be low. Make this before the many are opened.
class LowDescriptors {
 public:
  // Takes the lowest `count` free numbers; fewer where there are no more.
  explicit LowDescriptors(size_t count);
  LowDescriptors(const LowDescriptors&) = delete;
  LowDescriptors& operator=(const LowDescriptors&) = delete;

  // A low number for the same open file, until TakeBack(); `fd` itself where it is low already or no number
  // is left. -1: /dev/null.
  int Lend(int fd);
  // From here on what was lent is open under its own number only.
  void TakeBack();

  // False once given up: starts then work as if there were no low numbers.
  bool usable() const { return !kept_.empty(); }
  void GiveUp();

 private:
  base::UniqueFd null_;               // what lies under the numbers that nobody has
  std::vector<base::UniqueFd> kept_;  // ascending
  size_t lent_ = 0;                   // the first so many of them
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LOW_DESCRIPTORS_H_
