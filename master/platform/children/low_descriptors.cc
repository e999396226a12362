#include "master/platform/children/low_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace fectl::platform {

LowDescriptors::LowDescriptors(size_t count) : null_(open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  while (null_.valid() && kept_.size() < count) {
    base::UniqueFd number(fcntl(null_.get(), F_DUPFD_CLOEXEC, 0));
    if (!number.valid()) break;
    kept_.push_back(std::move(number));
  }
}

int LowDescriptors::Lend(int fd) {
  if (fd < 0) return null_.get();
  if (lent_ == kept_.size() || fd <= kept_.back().get()) return fd;
  const int number = kept_[lent_].get();
  if (dup3(fd, number, O_CLOEXEC) != number) return fd;
  ++lent_;
  return number;
}

void LowDescriptors::TakeBack() {
  while (lent_ > 0) {
    const size_t last = --lent_;
    // A number that cannot be kept is closed: what was lent must not stay open, or a pipe would never end.
    if (dup3(null_.get(), kept_[last].get(), O_CLOEXEC) < 0)
      kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(last));
  }
}

void LowDescriptors::GiveUp() {
  lent_ = 0;
  kept_.clear();
}

}  // namespace fectl::platform
