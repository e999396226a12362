#ifndef FECTL_MASTER_LOGGER_SINKS_WRITING_THREAD_H_
#define FECTL_MASTER_LOGGER_SINKS_WRITING_THREAD_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "master/logger/lines/service_log.h"
#include "master/logger/sinks/sink.h"
#include "master/logger/threads/bell.h"

namespace fectl::logger {

// Writes the lines of all services that go to places of one kind. What does not answer keeps only this thread
// waiting.
class WritingThread {
 public:
  using MakeSink = std::function<std::unique_ptr<Sink>(ServiceLog*)>;

  WritingThread(Target target, MakeSink make);
  // Does not wait for a write that hangs: end the process then.
  ~WritingThread();
  WritingThread(const WritingThread&) = delete;
  WritingThread& operator=(const WritingThread&) = delete;

  // Once for each service, and after its settings have changed.
  void Attach(std::shared_ptr<ServiceLog> log);
  // Its last lines are written first, where that is possible.
  void Detach(const ServiceLog* log);
  // Sinks look at their places anew.
  void Reopen();

  // Ends when all is written that can be. True: it has, within this time.
  bool Finish(int timeout_ms);

 private:
  struct Item {
    std::shared_ptr<ServiceLog> log;
    std::unique_ptr<Sink> sink;
    bool leaves = false;
  };
  void Run();
  // When to look again; -1: when it rings.
  int WriteAll();
  std::vector<std::shared_ptr<Item>> Items();
  void DropLeaving();

  const Target target_;
  const MakeSink make_;
  Bell bell_;
  Bell ended_bell_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Item>> items_;
  std::atomic<bool> reopen_ = false;
  std::atomic<bool> finishing_ = false;
  std::atomic<bool> ended_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_SINKS_WRITING_THREAD_H_
