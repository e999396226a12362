// Counts what goes through operator new in the program that links this, and fails it on demand: for tests of
// what something costs, and of what happens when there is no memory.
#ifndef FECTL_PROTO_SPEC_TESTING_ALLOCATION_COUNT_H_
#define FECTL_PROTO_SPEC_TESTING_ALLOCATION_COUNT_H_

#include <cstddef>

namespace fectl::proto {

struct Allocations {
  size_t bytes = 0;
  size_t count = 0;
};

// Since the program began; what was freed again included. One thread only.
Allocations AllocationsSoFar();

// The `count`th allocation from here on (from 1) throws std::bad_alloc; 0: none does.
void FailAllocation(size_t count);
// False as long as the allocation that is to fail has not come.
bool AllocationFailed();

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_TESTING_ALLOCATION_COUNT_H_
