#include "master/evidence/gather.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "master/evidence/native_stacks.h"
#include "master/evidence/process_files.h"
#include "master/evidence/python_file.h"

namespace fectl::evidence {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// All of it together is well below the 2 s after which fectld kills the process.
constexpr milliseconds kTellLimit{300};
constexpr milliseconds kStacksLimit{700};
constexpr milliseconds kDumpLimit{200};
// Long enough for a few ticks of the processor's account.
constexpr milliseconds kBetweenLooks{100};

constexpr char kNoTasks[] = "asyncio tasks: the interpreter is kept by C code that does not let it run";

struct Ticks {
  Clock::time_point at;
  std::vector<std::optional<uint64_t>> of;  // by thread
};

Ticks Look(const ProcessFiles& files, const std::vector<Thread>& threads) {
  Ticks ticks{.at = Clock::now(), .of = {}};
  for (const Thread& thread : threads) ticks.of.push_back(files.ProcessorTicks(thread.id));
  return ticks;
}

void FindBusy(const Ticks& first, const Ticks& second, std::vector<Thread>* threads) {
  const double seconds = std::chrono::duration<double>(second.at - first.at).count();
  const double tick = 1.0 / static_cast<double>(std::max(1L, sysconf(_SC_CLK_TCK)));
  for (size_t i = 0; i < threads->size(); ++i) {
    if (!first.of[i].has_value() || !second.of[i].has_value() || seconds <= 0) continue;
    const auto ticks = static_cast<double>(*second.of[i] - *first.of[i]);
    (*threads)[i].busy_percent = std::min(100.0, 100 * ticks * tick / seconds);
  }
}

void Missing(Findings* findings, std::string_view what, const absl::Status& why) {
  findings->missing.push_back(absl::StrCat(absl::string_view(what.data(), what.size()), ": ", why.message()));
}

}  // namespace

Findings Gather(pid_t pid) {
  Findings findings;
  const auto files = ProcessFiles::Open(pid);
  if (!files.ok()) {
    Missing(&findings, "the process", files.status());
    return findings;
  }
  size_t more = 0;
  findings.threads = files->Threads(&more);
  if (more > 0) findings.missing.push_back(absl::StrCat(more, " more threads"));
  const Ticks first = Look(*files, findings.threads);
  findings.memory = files->Memory();
  if (auto descriptors = files->Descriptors(); descriptors.ok()) {
    findings.descriptors = *std::move(descriptors);
  } else {
    Missing(&findings, "its descriptors", descriptors.status());
  }
  std::this_thread::sleep_until(first.at + kBetweenLooks);
  FindBusy(first, Look(*files, findings.threads), &findings.threads);

  const std::optional<PythonFile> python = PythonFile::Find(pid, *files, findings.descriptors);
  if (python.has_value()) findings.python = python->AskToTell(Clock::now() + kTellLimit);
  const absl::Status stacks = ReadStacks(pid, Clock::now() + kStacksLimit, &findings.threads);
  if (!stacks.ok()) Missing(&findings, "its native stacks", stacks);
  if (!python.has_value() || !findings.python.empty()) return findings;
  findings.python = python->AskToDump(Clock::now() + kDumpLimit);
  if (findings.python.empty()) {
    findings.missing.emplace_back("what Python does: it does not answer");
  } else if (findings.python.front().kind == "thread") {
    findings.missing.emplace_back(kNoTasks);
  }
  return findings;
}

}  // namespace fectl::evidence
