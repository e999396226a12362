#include "worker_sdk/evidence/evidence.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace fectl::internal {
namespace {

using proto::EvidencePage;
using proto::EvidenceStack;

// For the handler. The page stays mapped for as long as it may run.
std::atomic<EvidencePage*> the_page{nullptr};

// With it addresses mean something to whoever may not look into the process.
void CopyMap(EvidencePage* page) {
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  uint32_t bytes = 0;
  while (bytes < sizeof(page->map)) {
    const ssize_t got = read(fd, page->map + bytes, sizeof(page->map) - bytes);
    if (got <= 0) break;
    bytes += static_cast<uint32_t>(got);
  }
  close(fd);
  page->map_bytes.store(bytes, std::memory_order_release);
}

// Nothing here but system calls and the unwinder, which was loaded before.
void WriteStack(int /*number*/) {
  const int saved = errno;
  EvidencePage* page = the_page.load(std::memory_order_acquire);
  if (page == nullptr) return;
  const uint32_t index = page->stacks_begun.fetch_add(1);
  if (index < EvidencePage::kStacksMax) {
    EvidenceStack& stack = page->stacks[index];
    void* addresses[EvidenceStack::kFramesMax];
    const int frames = backtrace(addresses, EvidenceStack::kFramesMax);
    for (int i = 0; i < frames; ++i) stack.addresses[i] = reinterpret_cast<uintptr_t>(addresses[i]);
    stack.thread = static_cast<uint32_t>(syscall(SYS_gettid));
    stack.frames = static_cast<uint64_t>(std::max(frames, 0));
    stack.done.store(1, std::memory_order_release);
    if (index == 0) CopyMap(page);
  }
  errno = saved;
}

bool TakeSignal(int number) {
  struct sigaction now = {};
  if (sigaction(number, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return false;
  struct sigaction ours = {};
  ours.sa_handler = WriteStack;
  ours.sa_flags = SA_RESTART | SA_ONSTACK;
  sigfillset(&ours.sa_mask);
  return sigaction(number, &ours, nullptr) == 0;
}

}  // namespace

int StackSignal() {
  return SIGRTMAX - 4;
}
int PythonSignal() {
  return SIGRTMAX - 3;
}

std::unique_ptr<Evidence> Evidence::Open(int fd) {
  struct stat found = {};
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) ||
      found.st_size != static_cast<off_t>(proto::kEvidenceBytes) || the_page.load() != nullptr) {
    return nullptr;
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  base::UniqueFd owned(fd);
  void* memory = mmap(nullptr, proto::kEvidenceBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* page = static_cast<EvidencePage*>(memory);
  memcpy(page->magic, proto::kEvidenceMagic, sizeof(page->magic));
  // Its first call loads the unwinder, which a handler must not.
  void* warm[1];
  backtrace(warm, 1);
  the_page.store(page, std::memory_order_release);
  if (TakeSignal(StackSignal())) page->stack_signal.store(StackSignal());
#ifdef PR_SET_PTRACER
  // Where only ancestors may look into a process: fectld, and what it starts for that. (Elsewhere an error.)
  prctl(PR_SET_PTRACER, static_cast<unsigned long>(getppid()), 0UL, 0UL, 0UL);
#endif
  return std::unique_ptr<Evidence>(new Evidence(std::move(owned), page));
}

Evidence::~Evidence() {
  the_page.store(nullptr);
  if (page_->stack_signal.exchange(0) != 0) signal(StackSignal(), SIG_IGN);
  page_->python_signal.store(0);
  // Not unmapped: a handler may still be running in another thread.
}

void Evidence::PythonIsReady() {
  if (lseek(fd_.get(), static_cast<off_t>(proto::kEvidencePythonAt), SEEK_SET) < 0) return;
  page_->python_signal.store(PythonSignal());
}

void Evidence::Tell(std::string_view json) {
  const size_t bytes = std::min(json.size(), sizeof(page_->told));
  memcpy(page_->told, json.data(), bytes);
  page_->told_bytes.store(static_cast<uint32_t>(bytes), std::memory_order_release);
}

}  // namespace fectl::internal
