// The one place of the worker SDK which closes descriptors.
#ifndef FECTL_WORKER_SDK_OWNED_FD_H_
#define FECTL_WORKER_SDK_OWNED_FD_H_

#include <unistd.h>

#include <utility>

namespace fectl::internal {

// Owns one descriptor, or none (-1). Move-only; closed once.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~OwnedFd() { Reset(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  // An error of close(2) says nothing of use here, and the descriptor is gone all the same: never repeated.
  void Reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_OWNED_FD_H_
