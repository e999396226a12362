#ifndef FECTL_MASTER_LOGGER_MEMORY_TEST_MEMORY_H_
#define FECTL_MASTER_LOGGER_MEMORY_TEST_MEMORY_H_

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "master/logger/memory/arena.h"
#include "master/logger/memory/ring.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// Memory that several loggers in turn have, each of them as if the one before had been killed.
class TestMemory {
 public:
  TestMemory() : fd_(memfd_create("test", MFD_CLOEXEC)) {}

  std::unique_ptr<Arena> Open() const {
    absl::StatusOr<std::unique_ptr<Arena>> arena = Arena::Open(base::UniqueFd(dup(fd_.get())));
    EXPECT_TRUE(arena.ok()) << arena.status();
    return arena.ok() ? *std::move(arena) : nullptr;
  }

 private:
  base::UniqueFd fd_;
};

inline Arena::Service NewService(Arena* arena, uint64_t id = 7, uint64_t first_number = 100) {
  const Arena::Service service = arena->AddService().value();
  Ring::Begin(service, id, "web", first_number);
  return service;
}

// All that the ring has: "number:text" for each record, one a line.
inline std::string Shown(const Ring& ring) {
  std::string shown;
  uint64_t position = 0;
  while (const std::optional<Ring::Record> record = ring.At(&position)) {
    shown += std::to_string(record->head.number) + ":" + std::string(record->text);
    if (record->head.part != kWholeLine) shown += "(" + std::to_string(record->head.part) + ")\n";
    position = record->next;
  }
  return shown;
}

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_MEMORY_TEST_MEMORY_H_
