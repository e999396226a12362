#ifndef FECTL_MASTER_LOGGER_MEMORY_ARENA_H_
#define FECTL_MASTER_LOGGER_MEMORY_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/memory/shared_state.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// The memory that loggers hand on: blocks for services and for what processes write. Room is taken from the
// system as it is written to. Not thread-safe.
class Arena {
 public:
  struct Service {
    ServiceHead* head = nullptr;
    char* ring = nullptr;  // kRingBytes
  };
  struct Stage {
    StageHead* head = nullptr;
    char* buffer = nullptr;  // kStageBytes
    uint32_t index = 0;
  };

  // `memory`: of memfd_create(2), new or from a logger before this one; not valid: nothing is handed on.
  // FailedPrecondition: another version of this program has made it.
  static absl::StatusOr<std::unique_ptr<Arena>> Open(base::UniqueFd memory);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Those of a logger before this one, and those that were made since.
  const std::vector<Service>& services() const { return services_; }
  const std::vector<Stage>& stages() const { return stages_; }

  // A new one, all zero, with `used` not set yet. ResourceExhausted: there is no memory, or there are too
  // many.
  absl::StatusOr<Service> AddService();
  absl::StatusOr<Stage> AddStage();
  // Gives the memory back. Nothing of it may be used any more.
  void Drop(const Service& service);
  void Drop(const Stage& stage);

 private:
  explicit Arena(base::UniqueFd memory) : memory_(std::move(memory)) {}
  absl::Status Begin();
  absl::StatusOr<char*> Map(uint64_t offset, size_t bytes);
  void Clear(uint64_t offset, char* at, size_t bytes);
  absl::Status MapService(uint32_t index);
  absl::Status MapStage(uint32_t index);

  base::UniqueFd memory_;
  struct Head;
  Head* head_ = nullptr;
  uint64_t bytes_ = 0;  // of the file
  // By index, also of blocks that are free; what is in use stands in the two below.
  std::vector<Service> mapped_services_;
  std::vector<Stage> mapped_stages_;
  std::vector<Service> services_;
  std::vector<Stage> stages_;
  std::vector<uint32_t> free_services_;
  std::vector<uint32_t> free_stages_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_MEMORY_ARENA_H_
