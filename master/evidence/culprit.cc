#include "master/evidence/culprit.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace fectl::evidence {
namespace {

// Names of what people know by their own frames, not by these.
constexpr std::string_view kSystemModules[] = {"libc.so",     "libc-2",   "libpthread", "ld-linux", "libstdc++",
                                               "libgcc_s", "libm.so", "libm-2", "linux-vdso", "[vdso]", "librt"};
constexpr std::string_view kSystemFunctions[] = {"std::", "__gthread", "pthread_", "__pthread", "__gnu_cxx::", "void std::"};

std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string InWords(const Frame& frame) {
  std::string words = "`" + frame.function + "`";
  if (frame.file.empty()) return words;
  words += " " + std::string(NameOf(frame.file));
  return frame.line > 0 ? words + ":" + std::to_string(frame.line) : words;
}

// The innermost one of the application's, or "".
std::string Innermost(const std::vector<Frame>& frames) {
  const auto own = std::find_if(frames.begin(), frames.end(), [](const Frame& frame) {
    return !frame.library && !frame.function.empty();
  });
  return own == frames.end() ? "" : InWords(*own);
}

// It waits for events: what it is there for.
bool IsIdleLoop(const std::vector<Frame>& frames) {
  return !frames.empty() && frames.front().function.ends_with("select") &&
         NameOf(frames.front().file) == "selectors.py";
}

std::string OfPython(const std::vector<PythonStack>& stacks) {
  const PythonStack* thread = nullptr;
  const PythonStack* task = nullptr;
  for (const PythonStack& stack : stacks) {
    const PythonStack*& best = stack.is_task ? task : thread;
    if (best == nullptr || (stack.serves && !best->serves)) best = &stack;
  }
  if (thread != nullptr && !IsIdleLoop(thread->frames)) {
    if (std::string words = Innermost(thread->frames); !words.empty()) return words;
    if (!thread->frames.empty()) return InWords(thread->frames.front());
  }
  return task == nullptr ? "" : Innermost(task->frames);
}

}  // namespace

bool IsSystemCode(const Frame& frame) {
  const std::string_view module = NameOf(frame.module);
  const auto is_of = [](std::string_view text) {
    return [text](std::string_view beginning) { return text.starts_with(beginning); };
  };
  return std::any_of(std::begin(kSystemModules), std::end(kSystemModules), is_of(module)) ||
         std::any_of(std::begin(kSystemFunctions), std::end(kSystemFunctions), is_of(frame.function));
}

std::string Culprit(const Findings& findings) {
  if (std::string python = OfPython(findings.python); !python.empty()) return python;
  return findings.threads.empty() ? "" : Innermost(findings.threads.front().frames);
}

}  // namespace fectl::evidence
