#ifndef MASTER_PLATFORM_TESTING_TEST_SHARED_H_
#define MASTER_PLATFORM_TESTING_TEST_SHARED_H_

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace fectl::platform {

// One value that a test and its processes (test_process.h) have in common, all zero at first.
template <typename T>
class Shared {
 public:
  Shared() {
    void* const memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    value_ = new (memory) T{};
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(value_, sizeof(T)); }

  T& operator*() const { return *value_; }

 private:
  T* value_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_SHARED_H_
