// The memory in which a worker writes down what it is doing when it seems to hang (FECTL_EVIDENCE): a file without a
// name that the worker inherits and whose other descriptor fectld keeps. Both sides are of the same machine, so numbers
// are as the machine has them.
#ifndef FECTL_PROTO_SPEC_EVIDENCE_PAGE_H_
#define FECTL_PROTO_SPEC_EVIDENCE_PAGE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fectl::proto {

// The whole, which cannot grow (it is sealed): what one worker can make fectld's machine keep.
inline constexpr size_t kEvidenceBytes = size_t{256} * 1024;
inline constexpr char kEvidenceMagic[8] = {'F', 'E', 'C', 'T', 'L', 'E', 'V', '1'};

// Where a thread was, written by itself in a signal's handler.
struct EvidenceStack {
  static constexpr uint32_t kFramesMax = 62;
  std::atomic<uint32_t> done{0};  // 1: the rest is complete
  uint32_t thread = 0;
  uint64_t frames = 0;
  uint64_t addresses[kFramesMax] = {};  // the handler's own first
};

struct EvidencePage {
  static constexpr uint32_t kStacksMax = 64;

  char magic[8] = {};
  // Signals that make the process write: a stack of the thread that gets it; what Python's threads do (into
  // `python`). 0: it has no handler for that.
  std::atomic<int32_t> stack_signal{0};
  std::atomic<int32_t> python_signal{0};
  std::atomic<uint32_t> stacks_begun{0};
  std::atomic<uint32_t> map_bytes{0};   // of `map`, once it is complete
  std::atomic<uint32_t> told_bytes{0};  // of `told`, once it is complete
  EvidenceStack stacks[kStacksMax] = {};
  char map[88 * 1024] = {};  // /proc/self/maps
  // What the worker's own thread says of the others, as JSON (worker_sdk/evidence).
  char told[64 * 1024] = {};
  // As Python's faulthandler writes it. The descriptor's position is at its beginning.
  char python[64 * 1024] = {};
};
static_assert(sizeof(EvidencePage) <= kEvidenceBytes);
inline constexpr size_t kEvidencePythonAt = offsetof(EvidencePage, python);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_EVIDENCE_PAGE_H_
