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

std::string Innermost(const std::vector<Frame>& frames) {
  const auto own = std::find_if(frames.begin(), frames.end(),
                                [](const Frame& frame) { return !frame.library && !frame.function.empty(); });
  if (own != frames.end()) return InWords(*own);
  const auto any =
      std::find_if(frames.begin(), frames.end(), [](const Frame& frame) { return !frame.function.empty(); });
  return any == frames.end() ? "" : InWords(*any);
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
