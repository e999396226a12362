#ifndef FECTL_MASTER_LOGGER_SINKS_CONSOLE_SINK_H_
#define FECTL_MASTER_LOGGER_SINKS_CONSOLE_SINK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "master/logger/sinks/sink.h"

namespace fectl::logger {

// What fectld itself has as output and error: lines as "web[3] | a line". Where the logger is killed in the
// middle of a write, its successor writes those lines again.
class ConsoleSink final : public Sink {
 public:
  // `out` gets all lines but those of error streams that are told apart, which `error` gets. Borrowed.
  ConsoleSink(ServiceLog* log, int out, int error, SinkObserver* observer)
      : Sink(log, Target::kConsole, observer), out_(out), error_(error) {}

 private:
  absl::Status Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) override;
  std::string Trouble(const ServiceSettings& settings) const override;

  int out_;
  int error_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_CONSOLE_SINK_H_
