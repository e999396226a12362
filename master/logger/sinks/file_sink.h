#ifndef FECTL_MASTER_LOGGER_SINKS_FILE_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_FILE_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "master/logger/files/room.h"
#include "master/logger/sinks/sink.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// The file of a service, FOLDER/NAME.log: appended to, closed when it is large or old enough, and then known
// as FOLDER/NAME.20261126T210000Z.log. Each batch of lines is in it once, whenever the logger is killed: what
// is to be written, and where, is noted before (SinkState), and the next logger compares that with the file.
class FileSink final : public Sink {
 public:
  // `room` is shared by all sinks of the thread.
  FileSink(ServiceLog* log, Room* room, SinkObserver* observer)
      : Sink(log, Target::kFile, observer), room_(room) {}

  // The file may have been moved away.
  void Reopen() override;

 private:
  absl::Status Prepare(const ServiceSettings& settings) override { return Open(settings); }
  absl::Status Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) override;
  std::string Trouble(const ServiceSettings& settings) const override;
  absl::Status Open(const ServiceSettings& settings);
  void FinishLastWrite();
  bool IsDone(const ServiceSettings& settings, uint64_t more, int64_t now_ms) const;
  absl::Status CloseFile(const ServiceSettings& settings, int64_t now_ms);
  absl::Status Append(std::string_view text, const Batch& batch);

  Room* room_;
  base::UniqueFd file_;
  std::string path_;  // of the file; empty: none is open
  uint64_t size_ = 0;
  int64_t begun_ms_ = 0;  // time of the first line; 0: not known
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_FILE_SINK_H_
