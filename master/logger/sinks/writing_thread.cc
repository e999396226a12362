#include "master/logger/sinks/writing_thread.h"

#include <algorithm>
#include <string>
#include <utility>

#include "master/platform/loop/clock.h"

namespace fectl::logger {
namespace {

// Of one service before the next one has its turn.
constexpr int kBatchesInARow = 8;

int64_t NowMs() {
  return platform::WallNanos() / 1'000'000;
}

bool HasMore(const ServiceLog& log, Target target) {
  return WritesTo(*log.settings(), target) && log.end().position > log.sink(target).position;
}

}  // namespace

WritingThread::WritingThread(Target target, MakeSink make)
    : target_(target), make_(std::move(make)), thread_([this] { Run(); }) {}

WritingThread::~WritingThread() {
  finishing_ = true;
  bell_.Ring();
  thread_.join();
  for (const auto& item : items_) item->log->RemoveBell(&bell_);
}

void WritingThread::Attach(std::shared_ptr<ServiceLog> log) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& item : items_) {
      if (item->log == log) return;
    }
    auto item = std::make_shared<Item>();
    item->sink = make_(log.get());
    item->log = log;
    items_.push_back(std::move(item));
  }
  log->AddBell(&bell_);
  bell_.Ring();
}

void WritingThread::Detach(const ServiceLog* log) {
  const std::lock_guard lock(mutex_);
  for (const auto& item : items_) {
    if (item->log.get() == log) item->leaves = true;
  }
  bell_.Ring();
}

void WritingThread::Reopen() {
  reopen_ = true;
  bell_.Ring();
}

bool WritingThread::Finish(int timeout_ms) {
  finishing_ = true;
  bell_.Ring();
  const int64_t deadline = platform::MonotonicNanos() / 1'000'000 + timeout_ms;
  for (;;) {
    ended_bell_.Prepare();
    const int64_t left = deadline - platform::MonotonicNanos() / 1'000'000;
    if (ended_ || left <= 0) return ended_;
    ended_bell_.Wait(static_cast<int>(left));
  }
}

std::vector<std::shared_ptr<WritingThread::Item>> WritingThread::Items() {
  const std::lock_guard lock(mutex_);
  return items_;
}

void WritingThread::DropLeaving() {
  const std::lock_guard lock(mutex_);
  std::erase_if(items_, [this](const std::shared_ptr<Item>& item) {
    const bool done = item->leaves && (!HasMore(*item->log, target_) || item->sink->retry_at_ms() > 0);
    if (done) item->log->RemoveBell(&bell_);
    return done;
  });
}

int WritingThread::WriteAll() {
  const int64_t now_ms = NowMs();
  int wait_ms = -1;
  const bool reopen = reopen_.exchange(false);
  for (const std::shared_ptr<Item>& item : Items()) {
    if (reopen) item->sink->Reopen();
    for (int i = 0; i < kBatchesInARow && item->sink->WriteSome(now_ms); ++i) wait_ms = 0;
    const int64_t retry_ms = item->sink->retry_at_ms();
    if (retry_ms <= 0 || wait_ms == 0) continue;
    const int left = static_cast<int>(std::clamp<int64_t>(retry_ms - now_ms, 1, Sink::kRetryMs));
    wait_ms = wait_ms < 0 ? left : std::min(wait_ms, left);
  }
  return wait_ms;
}

void WritingThread::Run() {
  for (;;) {
    // Asked for before the last look, so that all is seen that was there then.
    const bool finishing = finishing_;
    bell_.Prepare();
    const int wait_ms = WriteAll();
    DropLeaving();
    if (wait_ms == 0) continue;
    if (finishing) break;
    bell_.Wait(wait_ms);
  }
  ended_ = true;
  ended_bell_.Ring();
}

}  // namespace fectl::logger
