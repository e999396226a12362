// Counts what goes through operator new in the program that links this, for tests of what something costs.
#ifndef FECTL_PROTO_SPEC_ALLOCATION_COUNT_H_
#define FECTL_PROTO_SPEC_ALLOCATION_COUNT_H_

#include <cstddef>

namespace fectl::proto {

struct Allocations {
  size_t bytes = 0;
  size_t count = 0;
};

// Since the program began; what was freed again included. One thread only.
Allocations AllocationsSoFar();

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_ALLOCATION_COUNT_H_
