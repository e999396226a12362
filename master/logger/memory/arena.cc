#include "master/logger/memory/arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::logger {
namespace {

constexpr uint64_t kMagic = 0x66656374'6c6f6701;  // ends in the version of the layout
constexpr size_t kPage = 4096;
constexpr size_t kServiceStride = kPage + kRingBytes;
constexpr size_t kStageStride = kPage + kStageBytes;
constexpr uint64_t kServicesAt = kPage;
// Holes cost nothing; so the two kinds of block have their places far from one another.
constexpr uint64_t kStagesAt = uint64_t{1} << 36;
// More services than a configuration of a mebibyte can describe; more processes than a system has numbers
// for.
constexpr uint32_t kServicesMax = 16'384;
constexpr uint32_t kStagesMax = 131'072;
static_assert(kServicesAt + uint64_t{kServicesMax} * kServiceStride <= kStagesAt);
static_assert(sizeof(ServiceHead) <= kPage && sizeof(StageHead) <= kPage);

}  // namespace

struct Arena::Head {
  std::atomic<uint64_t> magic;
  std::atomic<uint64_t> services;  // blocks that have been in use
  std::atomic<uint64_t> stages;
};

absl::StatusOr<std::unique_ptr<Arena>> Arena::Open(base::UniqueFd memory) {
  std::unique_ptr<Arena> arena(new Arena(std::move(memory)));
  if (absl::Status begun = arena->Begin(); !begun.ok()) return begun;
  return arena;
}

Arena::~Arena() {
  for (const Service& service : mapped_services_) munmap(service.head, kServiceStride);
  for (const Stage& stage : mapped_stages_) munmap(stage.head, kStageStride);
  if (head_ != nullptr) munmap(head_, kPage);
}

absl::Status Arena::Begin() {
  if (memory_.valid()) {
    struct stat file = {};
    if (fstat(memory_.get(), &file) != 0)
      return absl::ErrnoToStatus(errno, "cannot look at the logger's memory");
    bytes_ = static_cast<uint64_t>(file.st_size);
  }
  absl::StatusOr<char*> mapped = Map(0, kPage);
  if (!mapped.ok()) return mapped.status();
  head_ = reinterpret_cast<Head*>(*mapped);
  if (head_->magic == 0) head_->magic = kMagic;
  if (head_->magic != kMagic || head_->services > kServicesMax || head_->stages > kStagesMax) {
    return absl::FailedPreconditionError("the logger's memory is none that this version of fectl has made");
  }
  for (uint32_t i = 0; i < head_->services; ++i) {
    if (absl::Status s = MapService(i); !s.ok()) return s;
    if (mapped_services_[i].head->used != 0) {
      services_.push_back(mapped_services_[i]);
    } else {
      free_services_.push_back(i);
    }
  }
  for (uint32_t i = 0; i < head_->stages; ++i) {
    if (absl::Status s = MapStage(i); !s.ok()) return s;
    if (mapped_stages_[i].head->used != 0) {
      stages_.push_back(mapped_stages_[i]);
    } else {
      free_stages_.push_back(i);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<char*> Arena::Map(uint64_t offset, size_t bytes) {
  const bool shared = memory_.valid();
  if (shared && offset + bytes > bytes_) {
    if (ftruncate(memory_.get(), static_cast<off_t>(offset + bytes)) != 0)
      return absl::ErrnoToStatus(errno, "cannot enlarge the logger's memory");
    bytes_ = offset + bytes;
  }
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        shared ? memory_.get() : -1, shared ? static_cast<off_t>(offset) : 0);
  if (at == MAP_FAILED)
    return absl::ResourceExhaustedError(absl::StrCat("no memory: ", std::strerror(errno)));
  return static_cast<char*>(at);
}

absl::Status Arena::MapService(uint32_t index) {
  absl::StatusOr<char*> at = Map(kServicesAt + uint64_t{index} * kServiceStride, kServiceStride);
  if (!at.ok()) return at.status();
  mapped_services_.push_back({reinterpret_cast<ServiceHead*>(*at), *at + kPage});
  return absl::OkStatus();
}

absl::Status Arena::MapStage(uint32_t index) {
  absl::StatusOr<char*> at = Map(kStagesAt + uint64_t{index} * kStageStride, kStageStride);
  if (!at.ok()) return at.status();
  mapped_stages_.push_back({reinterpret_cast<StageHead*>(*at), *at + kPage, index});
  return absl::OkStatus();
}

absl::StatusOr<Arena::Service> Arena::AddService() {
  if (free_services_.empty()) {
    const auto index = static_cast<uint32_t>(mapped_services_.size());
    if (index == kServicesMax) return absl::ResourceExhaustedError("there are too many services with output");
    if (absl::Status mapped = MapService(index); !mapped.ok()) return mapped;
    head_->services = index + 1;
    free_services_.push_back(index);
  }
  const Service service = mapped_services_[free_services_.back()];
  free_services_.pop_back();
  std::memset(static_cast<void*>(service.head), 0, sizeof(ServiceHead));
  services_.push_back(service);
  return service;
}

absl::StatusOr<Arena::Stage> Arena::AddStage() {
  if (free_stages_.empty()) {
    const auto index = static_cast<uint32_t>(mapped_stages_.size());
    if (index == kStagesMax) return absl::ResourceExhaustedError("there are too many processes with output");
    if (absl::Status mapped = MapStage(index); !mapped.ok()) return mapped;
    head_->stages = index + 1;
    free_stages_.push_back(index);
  }
  const Stage stage = mapped_stages_[free_stages_.back()];
  free_stages_.pop_back();
  std::memset(static_cast<void*>(stage.head), 0, sizeof(StageHead));
  stages_.push_back(stage);
  return stage;
}

// The memory goes back to the system; what is read there from now on is zero.
void Arena::Clear(uint64_t offset, char* at, size_t bytes) {
  const bool punched =
      memory_.valid() && fallocate(memory_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                   static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0;
  if (!punched && (memory_.valid() || madvise(at, bytes, MADV_DONTNEED) != 0)) std::memset(at, 0, kPage);
}

void Arena::Drop(const Service& service) {
  const auto same = [&](const Service& other) { return other.head == service.head; };
  const auto index =
      std::find_if(mapped_services_.begin(), mapped_services_.end(), same) - mapped_services_.begin();
  service.head->used = 0;
  Clear(kServicesAt + static_cast<uint64_t>(index) * kServiceStride, reinterpret_cast<char*>(service.head),
        kServiceStride);
  std::erase_if(services_, same);
  free_services_.push_back(static_cast<uint32_t>(index));
}

void Arena::Drop(const Stage& stage) {
  stage.head->used = 0;
  Clear(kStagesAt + uint64_t{stage.index} * kStageStride, reinterpret_cast<char*>(stage.head), kStageStride);
  std::erase_if(stages_, [&](const Stage& other) { return other.index == stage.index; });
  free_stages_.push_back(stage.index);
}

}  // namespace fectl::logger
