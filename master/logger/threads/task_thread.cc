#include "master/logger/threads/task_thread.h"

#include <cstdint>
#include <utility>

#include "master/platform/loop/clock.h"

namespace fectl::logger {

TaskThread::~TaskThread() {
  ending_ = true;
  bell_.Ring();
  thread_.join();
}

void TaskThread::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  bell_.Ring();
}

size_t TaskThread::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() + (busy_ ? 1 : 0);
}

bool TaskThread::Finish(int timeout_ms) {
  const int64_t deadline = platform::MonotonicNanos() / 1'000'000 + timeout_ms;
  for (;;) {
    idle_bell_.Prepare();
    const int64_t left = deadline - platform::MonotonicNanos() / 1'000'000;
    if (waiting() == 0 || left <= 0) return waiting() == 0;
    idle_bell_.Wait(static_cast<int>(left));
  }
}

void TaskThread::Run() {
  while (!ending_) {
    bell_.Prepare();
    std::function<void()> task;
    {
      const std::lock_guard lock(mutex_);
      busy_ = !tasks_.empty();
      if (busy_) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
    }
    if (task) {
      task();
      continue;
    }
    idle_bell_.Ring();
    if (!ending_) bell_.Wait(-1);
  }
}

}  // namespace fectl::logger
