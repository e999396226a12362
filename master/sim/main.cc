// Simulates the supervisor. Each seed is a world of its own: see --help.

#include <gflags/gflags.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "master/sim/replay.h"
#include "master/sim/world.h"

DEFINE_uint64(seed, 0,
              "run this seed alone, and print its trace when it fails (0: run --seeds from --first)");
DEFINE_uint64(first, 1, "the first seed");
DEFINE_uint64(seeds, 1000, "how many seeds");
DEFINE_double(hours, 1, "virtual hours of faults in each seed");
DEFINE_uint64(twice_every, 10, "run each n-th seed twice and compare the hashes (0: none)");
DEFINE_uint64(journal_every, 100,
              "restore the state from the journal after every step of each n-th seed (0: none)");
DEFINE_bool(trace, false, "print the whole trace of --seed");
DEFINE_bool(require_marks, false, "fail when something that must be seen in all seeds together was not");
DEFINE_bool(minimize, true, "look for the shortest trace that fails");
DEFINE_bool(marks, false, "print what was seen, and how often");

namespace fectl::sim {
namespace {

Options OptionsFor(uint64_t seed) {
  Options options;
  options.seed = seed;
  options.chaos = core::Span{static_cast<int64_t>(FLAGS_hours * 3600e9)};
  options.journal_each_step = FLAGS_journal_every != 0 && seed % FLAGS_journal_every == 0;
  return options;
}

// Says all that is needed to find the reason, in a form that can be kept as a regression.
void Explain(uint64_t seed, const std::string& broken) {
  std::cout << "FAILED seed " << seed << ": " << broken << "\n";
  if (!FLAGS_minimize) return;
  Options options = OptionsFor(seed);
  options.keep_trace = true;
  const Outcome outcome = RunWorld(options);
  if (FLAGS_trace) std::cout << ToText(outcome.trace);
  const Trace shortest = Minimize(outcome.trace);
  const std::optional<std::string> replayed = Replay(shortest);
  if (!replayed.has_value()) {
    // What the events alone do not show: the end of the run is the best that there is.
    Trace tail = outcome.trace;
    const size_t kept = std::min<size_t>(tail.entries.size(), 40);
    tail.entries.erase(tail.entries.begin(), tail.entries.end() - static_cast<ptrdiff_t>(kept));
    std::cout << "The rule needs the world to be seen; replay it with --seed " << seed
              << ". Its last events:\n"
              << ToText(tail);
    return;
  }
  std::cout << "The shortest trace that breaks it (for testdata/scenarios): " << *replayed << "\n" << ToText(shortest);
}

int RunAll() {
  const uint64_t first = FLAGS_seed != 0 ? FLAGS_seed : FLAGS_first;
  const uint64_t count = FLAGS_seed != 0 ? 1 : FLAGS_seeds;
  Marks marks;
  uint64_t events = 0;
  double virtual_seconds = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const Outcome outcome = RunWorld(OptionsFor(seed));
    if (outcome.broken.has_value()) {
      Explain(seed, *outcome.broken);
      return 1;
    }
    if (FLAGS_seed != 0 || (FLAGS_twice_every != 0 && seed % FLAGS_twice_every == 0)) {
      Options again = OptionsFor(seed);
      again.wall_seed = 1 + seed;
      if (RunWorld(again).hash != outcome.hash) {
        std::cout << "FAILED seed " << seed
                  << ": the same seed gave another hash (D1), or one that depends on the wall "
                  << "clock (I24)\n";
        return 1;
      }
    }
    if (FLAGS_seed != 0)
      std::cout << "seed " << seed << " hash " << std::hex << outcome.hash << std::dec << "\n";
    marks.Add(outcome.marks);
    events += outcome.events;
    virtual_seconds += static_cast<double>(outcome.virtual_time.ns) / 1e9;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (FLAGS_marks) std::cout << marks.Table();
  std::cout << count << " seeds, " << events << " events, " << virtual_seconds / 3600 << " virtual hours in "
            << seconds << " s: " << static_cast<uint64_t>(virtual_seconds / seconds) << " x real time\n";
  const std::vector<std::string> missing = marks.Missing();
  if (!FLAGS_require_marks || missing.empty()) return 0;
  for (const std::string& name : missing) std::cout << "FAILED: never seen: " << name << "\n";
  return 1;
}

}  // namespace
}  // namespace fectl::sim

int main(int argc, char** argv) {
  gflags::SetUsageMessage(
      "simulates the supervisor with faults from seeds\n"
      "  sim --seed X            run one seed twice; print its hash, or the trace that fails\n"
      "  sim --seeds N --hours H run many");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  return fectl::sim::RunAll();
}
