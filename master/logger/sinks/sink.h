#ifndef FECTL_MASTER_LOGGER_SINKS_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_SINK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "master/logger/lines/service_log.h"

namespace fectl::logger {

// Where sinks tell what they cannot do. From any thread.
class SinkObserver {
 public:
  virtual ~SinkObserver() = default;
  virtual void OnSaid(bool error, std::string text) = 0;
  virtual void OnDropped(uint64_t service, uint64_t lines, std::string why) = 0;
  // A file was closed, or there is no room: old ones may have to go.
  virtual void OnFilesToTidy() = 0;
};

// Writes the lines of one service to one place. Used by one thread.
class Sink {
 public:
  // Both outlive it.
  Sink(ServiceLog* log, Target target, SinkObserver* observer)
      : log_(log), target_(target), observer_(observer) {}
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Writes some of what is to be written. False: there is nothing, or it cannot be written at present.
  bool WriteSome(int64_t now_ms);
  // When it is to be tried again after an error; 0: it is not waiting for that.
  int64_t retry_at_ms() const { return retry_at_ms_; }
  // Where the place may be another one by now: does not wait any more.
  virtual void Reopen() { retry_at_ms_ = 0; }

  // How long nothing is tried after an error.
  static constexpr int64_t kRetryMs = 1'000;

 protected:
  struct Batch {
    std::string records;
    uint64_t next_position = 0;
    uint64_t next_number = 0;
    std::string notice;  // what is to be said before the records; empty: nothing
  };
  // Before anything is copied for it.
  virtual absl::Status Prepare(const ServiceSettings& /*settings*/) { return absl::OkStatus(); }
  // Writes the whole batch and notes that it is written, or fails. What it has written then does not come
  // again where it has moved state().number behind it.
  virtual absl::Status Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) = 0;
  // "web.log cannot be written".
  virtual std::string Trouble(const ServiceSettings& settings) const = 0;

  void NoteWritten(const Batch& batch);
  SinkState& state() const { return log_->sink(target_); }
  ServiceLog& log() const { return *log_; }
  SinkObserver& observer() const { return *observer_; }

 private:
  void Fail(const ServiceSettings& settings, const absl::Status& why, int64_t now_ms);
  std::string Notice(uint64_t lost, int64_t now_ms) const;

  ServiceLog* log_;
  const Target target_;
  SinkObserver* observer_;
  int64_t retry_at_ms_ = 0;
  int64_t failing_since_ms_ = 0;  // 0: it is not
  std::string failure_;           // the last one
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_SINK_H_
