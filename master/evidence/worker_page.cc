#include "master/evidence/worker_page.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "master/evidence/symbols.h"

namespace fectl::evidence {
namespace {

using Clock = std::chrono::steady_clock;
using proto::EvidencePage;
using proto::EvidenceStack;

// Behind these two the handler returns to what was interrupted: itself, and the return from a signal.
constexpr size_t kFramesOfHandler = 2;
constexpr size_t kLinesMax = 12;

template <typename Condition>
bool WaitUntil(WorkerPage::Deadline deadline, Condition condition) {
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace

std::unique_ptr<WorkerPage> WorkerPage::Map(int fd) {
  struct stat found = {};
  if (fstat(fd, &found) != 0 || found.st_size != static_cast<off_t>(proto::kEvidenceBytes)) return nullptr;
  void* memory = mmap(nullptr, proto::kEvidenceBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* page = static_cast<EvidencePage*>(memory);
  std::unique_ptr<WorkerPage> result(new WorkerPage(page));
  const bool taken = std::memcmp(page->magic, proto::kEvidenceMagic, sizeof(page->magic)) == 0;
  return taken ? std::move(result) : nullptr;
}

WorkerPage::~WorkerPage() {
  munmap(page_, proto::kEvidenceBytes);
}

std::string WorkerPage::Told(Deadline deadline) const {
  WaitUntil(deadline, [this] { return page_->told_bytes.load(std::memory_order_acquire) > 0; });
  const size_t bytes = page_->told_bytes.load(std::memory_order_acquire);
  return std::string(page_->told, std::min(bytes, sizeof(page_->told)));
}

bool WorkerPage::AskForStacks(pid_t pid, const ProcessFiles& files, Deadline deadline,
                              std::vector<Thread>* threads) const {
  const int signal = page_->stack_signal.load();
  if (signal < SIGRTMIN || signal > SIGRTMAX || !files.Catches(signal)) return false;
  uint32_t asked = 0;
  for (const Thread& thread : *threads) {
    if (asked == EvidencePage::kStacksMax) break;
    if (thread.state == 'D' || !files.ProcessorTicks(thread.id).has_value()) continue;
    if (syscall(SYS_tgkill, pid, thread.id, signal) == 0) ++asked;
  }
  const auto answered = [this] {
    uint32_t done = 0;
    for (const EvidenceStack& stack : page_->stacks) done += stack.done.load(std::memory_order_acquire);
    return done;
  };
  WaitUntil(deadline, [&] { return answered() >= asked && page_->map_bytes.load() > 0; });
  Symbolize(threads);
  return answered() > 0;
}

void WorkerPage::Symbolize(std::vector<Thread>* threads) const {
  const size_t map_bytes = std::min<size_t>(page_->map_bytes.load(std::memory_order_acquire), sizeof(page_->map));
  const auto symbols = Symbols::OfMap(std::string(page_->map, map_bytes));
  if (!symbols.ok()) return;
  for (const EvidenceStack& stack : page_->stacks) {
    if (stack.done.load(std::memory_order_acquire) == 0) continue;
    const auto thread = std::find_if(threads->begin(), threads->end(), [&stack](const Thread& one) {
      return one.id == static_cast<int32_t>(stack.thread);
    });
    if (thread == threads->end() || !thread->frames.empty()) continue;
    const size_t frames = std::min<size_t>(stack.frames, EvidenceStack::kFramesMax);
    for (size_t i = kFramesOfHandler; i < frames; ++i) {
      const bool calls = i > kFramesOfHandler;
      thread->frames.push_back(symbols->At(stack.addresses[i], calls, thread->frames.size() < kLinesMax));
    }
  }
}

std::string WorkerPage::AskPython(pid_t pid, const ProcessFiles& files, Deadline deadline) const {
  const int signal = page_->python_signal.load();
  if (signal < SIGRTMIN || signal > SIGRTMAX || !files.Catches(signal) || !files.exists()) return "";
  if (kill(pid, signal) != 0) return "";
  const auto length = [this] { return strnlen(page_->python, sizeof(page_->python)); };
  // It is written in many small pieces and has no end of its own: complete when nothing more comes.
  size_t before = 0;
  int quiet = 0;
  while (Clock::now() < deadline && quiet < 10) {
    poll(nullptr, 0, 5);
    const size_t now = length();
    quiet = now > 0 && now == before ? quiet + 1 : 0;
    before = now;
  }
  return std::string(page_->python, length());
}

}  // namespace fectl::evidence
