#ifndef FECTL_MASTER_LOGGER_THREADS_TASK_THREAD_H_
#define FECTL_MASTER_LOGGER_THREADS_TASK_THREAD_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "master/logger/threads/bell.h"

namespace fectl::logger {

// Does what may wait for a disk, one task after the other.
class TaskThread {
 public:
  TaskThread() : thread_([this] { Run(); }) {}
  // Waits for the task that is under way, and does no other.
  ~TaskThread();
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  void Post(std::function<void()> task);
  // Tasks that wait.
  size_t waiting() const;
  // True: all tasks are done, within this time.
  bool Finish(int timeout_ms);

 private:
  void Run();

  mutable std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool busy_ = false;
  Bell bell_;
  Bell idle_bell_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_THREADS_TASK_THREAD_H_
