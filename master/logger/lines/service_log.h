#ifndef FECTL_MASTER_LOGGER_LINES_SERVICE_LOG_H_
#define FECTL_MASTER_LOGGER_LINES_SERVICE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "master/logger/link/link_messages.h"
#include "master/logger/memory/ring.h"
#include "master/logger/memory/stage.h"
#include "master/logger/threads/bell.h"

namespace fectl::logger {

// The lines of one service, for the thread that reads pipes, those that write, and those of readers.
// Thread-safe.
class ServiceLog {
 public:
  using SettingsPtr = std::shared_ptr<const ServiceSettings>;

  // `block` stays the caller's.
  ServiceLog(const Arena::Service& block, ServiceSettings settings)
      : block_(block),
        ring_(block),
        settings_(std::make_shared<const ServiceSettings>(std::move(settings))) {}

  const Arena::Service& block() const { return block_; }

  SettingsPtr settings() const;
  // Places that were not written to before begin with what comes now.
  void Change(ServiceSettings settings);

  // Moves what the stage has into the ring, and wakes up whoever waits for it. False: there is no room at
  // present.
  // `patient`: as if on_full were block.
  bool Take(Stage::Rules rules, bool patient, Stage* stage);
  // How far all places have been written to.
  uint64_t written() const;

  // As Ring::Copy().
  std::string Copy(uint64_t* position, size_t bytes_max) const;
  // Behind the newest line, and the number of the next one.
  struct End {
    uint64_t position = 0;
    uint64_t number = 0;
  };
  End end() const;
  std::optional<RecordHead> last() const;

  // How far a place has been written to. Its writing thread alone changes it.
  SinkState& sink(Target target) const { return block_.head->sinks[static_cast<size_t>(target)]; }

  // These ring when lines have come. A bell that is removed does not ring any more.
  void AddBell(Bell* bell);
  void RemoveBell(Bell* bell);
  // Rings when room was made.
  void NoteWritten() const;
  void SetRoomBell(Bell* bell) { room_ = bell; }

 private:
  uint64_t WrittenTo() const;

  const Arena::Service block_;
  mutable std::mutex mutex_;
  Ring ring_;
  SettingsPtr settings_;
  std::set<Bell*> bells_;
  Bell* room_ = nullptr;
};

bool WritesTo(const ServiceSettings& settings, Target target);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LINES_SERVICE_LOG_H_
