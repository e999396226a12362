#ifndef FECTL_PROTO_SPEC_BASE_UNIQUE_FD_H_
#define FECTL_PROTO_SPEC_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace fectl::base {

// Owns one file descriptor, or none (-1), and closes it exactly once: the one such type of the master, the
// client and the SDK. A descriptor becomes a UniqueFd on the line that creates it. There is no conversion to
// bool or int: 0 is a valid descriptor and a borrowed number must be visible as such.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    // Through a temporary, so that moving an object onto itself keeps its descriptor.
    UniqueFd taken(std::move(other));
    std::swap(fd_, taken.fd_);
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  bool valid() const { return fd_ >= 0; }

  // The number, still owned by this object; -1 when it holds none.
  int get() const { return fd_; }

  // Hands the descriptor to the caller, who must close it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  // The result of close(2) is not looked at: on Linux the number is free whatever it says, so a second try
  // could close a stranger's descriptor.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_UNIQUE_FD_H_
