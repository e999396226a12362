#include "proto_spec/testing/allocation_count.h"

#include <cstdlib>
#include <new>

namespace {

fectl::proto::Allocations g_so_far;
size_t g_fails_in = 0;

void* Allocate(size_t bytes) {
  if (g_fails_in > 0 && --g_fails_in == 0) throw std::bad_alloc();
  g_so_far.bytes += bytes;
  ++g_so_far.count;
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t bytes) {
  return Allocate(bytes);
}
void* operator new[](size_t bytes) {
  return Allocate(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  std::free(memory);
}

namespace fectl::proto {

Allocations AllocationsSoFar() {
  return g_so_far;
}

void FailAllocation(size_t count) {
  g_fails_in = count;
}

bool AllocationFailed() {
  return g_fails_in == 0;
}

}  // namespace fectl::proto
