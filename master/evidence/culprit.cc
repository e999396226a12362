#include "master/evidence/culprit.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace fectl::evidence {
namespace {

// Names of what people know by their own frames, not by these.
constexpr std::string_view kSystemModules[] = {"libc.so",  "libc-2",     "libpthread", "ld-linux",
                                               "libgcc_s", "libstdc++",  "libm.so",    "libm-2",
                                               "librt",    "linux-vdso", "[vdso]"};
constexpr std::string_view kSystemFunctions[] = {"std::",     "__gthread",   "pthread_",
                                                 "__pthread", "__gnu_cxx::", "void std::"};
// Where the second look finds a thread that busy, it did not merely run by chance.
constexpr double kBusyPercent = 50;

std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string InWords(const Frame& frame) {
  std::string words = "`" + frame.function + "`";
  if (frame.file.empty()) return words;
  words += " " + std::string(NameOf(frame.file));
  return frame.line > 0 ? words + ":" + std::to_string(frame.line) : words;
}

using Frames = std::vector<Frame>;

template <typename Condition>
std::string FirstThat(const Frames& frames, Condition condition) {
  const auto found = std::find_if(frames.begin(), frames.end(), [&condition](const Frame& frame) {
    return !frame.function.empty() && condition(frame);
  });
  return found == frames.end() ? "" : InWords(*found);
}

std::string InnermostOwn(const Frames& frames) {
  return FirstThat(frames, [](const Frame& frame) { return !frame.library && !frame.foreign; });
}

// Of the application, or else of a library that it uses, or else of the system.
std::string Innermost(const Frames& frames) {
  if (std::string own = InnermostOwn(frames); !own.empty()) return own;
  if (std::string foreign = FirstThat(frames, [](const Frame& frame) { return !frame.library; });
      !foreign.empty())
    return foreign;
  return FirstThat(frames, [](const Frame&) { return true; });
}

// Without what called an event loop: the application's `main()` waits in it for the whole of its life.
Frames AboveLoop(const Frames& frames) {
  const auto loop = std::find_if(frames.begin(), frames.end(), [](const Frame& frame) {
    return frame.library && frame.function.ends_with("_run") && frame.file.ends_with("/asyncio/events.py");
  });
  return Frames(frames.begin(), loop == frames.begin() ? frames.end() : loop);
}

bool IsOfSdk(const Frame& frame) {
  return frame.function.starts_with("fectl_worker.");
}

// Of a task that is the application's: how likely it is that it keeps the heartbeats waiting while the loop
// goes on.
enum Likelihood { kNone, kSome, kStarts, kSends };

Likelihood LikelihoodOf(const PythonStack& stack) {
  if (stack.kind == "thread" || InnermostOwn(stack.frames).empty()) return kNone;
  if (stack.serves) return kSends;
  return std::any_of(stack.frames.begin(), stack.frames.end(), IsOfSdk) ? kStarts : kSome;
}

// Of the likeliest one, the oldest of these.
std::string OfTasks(const std::vector<PythonStack>& stacks, Likelihood least) {
  const PythonStack* best = nullptr;
  for (const PythonStack& stack : stacks) {
    const Likelihood likelihood = LikelihoodOf(stack);
    if (likelihood != kNone && likelihood >= least && (best == nullptr || likelihood > LikelihoodOf(*best)))
      best = &stack;
  }
  return best == nullptr ? "" : InnermostOwn(best->frames);
}

// Where Python could say nothing itself, some thread keeps the interpreter in C code: not one that waits in
// the language's own functions.
std::string OfThreadThatKeepsInterpreter(const std::vector<PythonStack>& stacks) {
  for (const PythonStack& stack : stacks) {
    const bool told = stack.kind != "thread" || stack.id != 0;
    if (told || stack.frames.empty()) continue;
    const Frame& innermost = stack.frames.front();
    if (!innermost.library && !innermost.foreign) return InWords(innermost);
  }
  return "";
}

std::string OfPython(const std::vector<PythonStack>& stacks) {
  const auto thread = std::find_if(stacks.begin(), stacks.end(), [](const PythonStack& stack) {
    return stack.kind == "thread" && stack.serves;
  });
  if (thread == stacks.end() || thread->idle) return OfTasks(stacks, kSome);
  const Frames frames = AboveLoop(thread->frames);
  if (InnermostOwn(frames).empty()) {
    if (std::string other = OfThreadThatKeepsInterpreter(stacks); !other.empty()) return other;
    // A loop that goes on is met in something small now and then, as in a look at connections of the SDK's.
    const bool small = !frames.empty() && IsOfSdk(frames.front());
    const Likelihood least = small ? kSome : kStarts;
    if (std::string task = OfTasks(stacks, least); !task.empty()) return task;
  }
  return Innermost(frames);
}

}  // namespace

bool IsSystemCode(const Frame& frame) {
  const std::string_view module = NameOf(frame.module);
  const auto begins = [](std::string_view text) {
    return [text](std::string_view beginning) { return text.starts_with(beginning); };
  };
  return std::any_of(std::begin(kSystemModules), std::end(kSystemModules), begins(module)) ||
         std::any_of(std::begin(kSystemFunctions), std::end(kSystemFunctions), begins(frame.function));
}

std::string WhereItHangs(const Findings& findings) {
  if (const std::string function = OfPython(findings.python); !function.empty()) return "hung in " + function;
  if (findings.threads.empty()) return "hung";
  const Thread& first = findings.threads.front();
  if (const std::string function = Innermost(first.frames); !function.empty()) return "hung in " + function;
  // On a busy machine one that spins has little of a processor.
  if (first.busy_percent >= (first.state == 'R' ? 1 : kBusyPercent))
    return "hung, busy at " + std::to_string(std::lround(first.busy_percent)) + " %";
  if (first.state == 'T' || first.state == 't') return "hung, stopped by a signal";
  if (!first.waits_in.empty()) return "hung, waiting in the kernel (" + first.waits_in + ")";
  return first.state == 'S' || first.state == 'D' ? "hung, waiting" : "hung";
}

}  // namespace fectl::evidence
