#ifndef FECTL_CLIENT_UNIQUE_FD_H_
#define FECTL_CLIENT_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace fectl::client {

// Owns one descriptor of the command line client; the only place in the client which closes one.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Linux frees the descriptor even when close() is interrupted, so it is never repeated.
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_UNIQUE_FD_H_
