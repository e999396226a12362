// Simulates the supervisor. Each seed is a world of its own: see --help.

#include <gflags/gflags.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/sim/replay.h"
#include "master/sim/world.h"

DEFINE_uint64(seed, 0, "");
DEFINE_uint64(order, 0, "");
DEFINE_uint64(first, 1, "");
DEFINE_uint64(seeds, 1000, "");
DEFINE_double(hours, 1, "");
DEFINE_uint32(services, 0, "");
DEFINE_uint32(workers, 0, "");
DEFINE_uint64(twice_every, 10, "");
DEFINE_uint64(order_every, 10, "");
DEFINE_uint64(journal_every, 10, "");
DEFINE_uint64(journaled_steps, 500, "");
DEFINE_bool(trace, false, "");
DEFINE_bool(minimize, true, "");
DEFINE_bool(require_marks, false, "");
DEFINE_bool(marks, false, "");

namespace fectl::sim {
namespace {

constexpr std::string_view kHelp = R"(sim: the supervisor in a simulated world, with faults that a seed draws

  sim --seed 7              one seed, twice: its hash, or the rule that it breaks and the shortest trace of it
  sim --seeds 10000         many seeds from --first on; the first one that fails ends the run with status 1

What is run:
  --first N                 the first seed (1)
  --seeds N                 how many (1000)
  --hours H                 virtual hours of faults in each, before a time without faults (1)
  --services N --workers N  so many instead of what the seed draws, for figures
  --order N                 with --seed: what happens in one instant in another order (0: as planned)
How much is compared, in each n-th seed; 0 is never:
  --twice_every N           run it again with another wall clock: the hash must be the same (10)
  --order_every N           run it again with events of one instant in another order: the rules must hold (10)
  --journal_every N         go on from the journal after each of the first --journaled_steps (500) steps (10)
What is said:
  --trace                   with --seed: the whole trace, also where nothing is broken
  --nominimize              do not look for the shortest trace of a failure, which can take a minute
  --marks                   what was seen, and how often
  --require_marks           fail when something that must be seen in all seeds together was not
)";

Options OptionsFor(uint64_t seed) {
  Options options;
  options.seed = seed;
  options.order_seed = FLAGS_order;
  options.chaos = core::Span{static_cast<int64_t>(FLAGS_hours * 3600e9)};
  options.services = FLAGS_services;
  options.workers = FLAGS_workers;
  if (FLAGS_journal_every != 0 && seed % FLAGS_journal_every == 0)
    options.journaled_steps = FLAGS_journaled_steps;
  return options;
}

// What repeats the run, with every flag that matters.
std::string Command(const Options& options) {
  std::string command = "bazel run //master/sim -- --seed " + std::to_string(options.seed);
  if (options.order_seed != 0) command += " --order " + std::to_string(options.order_seed);
  if (FLAGS_hours != 1) command += " --hours " + std::to_string(FLAGS_hours);
  if (options.services != 0) command += " --services " + std::to_string(options.services);
  if (options.workers != 0) command += " --workers " + std::to_string(options.workers);
  return command;
}

// Says all that is needed to find the reason, in a form that can be kept as a regression.
void Explain(Options options, const std::string& broken) {
  std::cout << "FAILED seed " << options.seed << ": " << broken << "\n"
            << "Repeat it with: " << Command(options) << "\n";
  if (!FLAGS_minimize) return;
  options.keep_trace = true;
  const Outcome outcome = RunWorld(options);
  if (FLAGS_trace) std::cout << ToText(outcome.trace);
  const Trace shortest = Minimize(outcome.trace);
  if (const std::optional<std::string> replayed = Replay(shortest); replayed.has_value()) {
    std::cout << "The shortest trace that breaks it, for testdata/scenarios:\n# " << *replayed << "\n"
              << ToText(shortest);
    return;
  }
  // What the events alone do not show: the end of the run is the best that there is.
  Trace tail = outcome.trace;
  const size_t kept = std::min<size_t>(tail.entries.size(), 40);
  tail.entries.erase(tail.entries.begin(), tail.entries.end() - static_cast<ptrdiff_t>(kept));
  std::cout << "This rule needs the world to be seen. The last events:\n" << ToText(tail);
}

struct Sum {
  Marks marks;
  uint64_t runs = 0;
  uint64_t events = 0;
  double virtual_seconds = 0;

  void Add(const Outcome& outcome) {
    marks.Add(outcome.marks);
    ++runs;
    events += outcome.events;
    virtual_seconds += static_cast<double>(outcome.virtual_time.ns) / 1e9;
  }
};

bool IsDue(uint64_t seed, uint64_t every) {
  return every != 0 && seed % every == 0;
}

bool RunOne(const Options& options, Sum& sum) {
  const Outcome outcome = RunWorld(options);
  sum.Add(outcome);
  if (outcome.broken.has_value()) {
    Explain(options, *outcome.broken);
    return false;
  }
  if (FLAGS_seed != 0 || IsDue(options.seed, FLAGS_twice_every)) {
    Options again = options;
    again.wall_seed = 1 + options.seed;
    const Outcome other = RunWorld(again);
    sum.Add(other);
    if (other.hash != outcome.hash) {
      std::cout << "FAILED seed " << options.seed
                << ": the same seed gave another hash (D1), or one that depends on the wall clock (I24)\n";
      return false;
    }
  }
  if (FLAGS_seed != 0)
    std::cout << "seed " << options.seed << " hash " << std::hex << outcome.hash << std::dec << "\n";
  return true;
}

bool RunSeed(uint64_t seed, Sum& sum) {
  Options options = OptionsFor(seed);
  if (!RunOne(options, sum)) return false;
  if (FLAGS_seed != 0 || !IsDue(seed, FLAGS_order_every)) return true;
  options.order_seed = seed;
  options.journaled_steps = 0;
  const Outcome outcome = RunWorld(options);
  sum.Add(outcome);
  if (outcome.broken.has_value()) Explain(options, *outcome.broken);
  return !outcome.broken.has_value();
}

void PrintTrace() {
  Options options = OptionsFor(FLAGS_seed);
  options.keep_trace = true;
  std::cout << ToText(RunWorld(options).trace);
}

int RunAll() {
  const uint64_t first = FLAGS_seed != 0 ? FLAGS_seed : FLAGS_first;
  const uint64_t count = FLAGS_seed != 0 ? 1 : FLAGS_seeds;
  Sum sum;
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t seed = first; seed < first + count; ++seed) {
    if (!RunSeed(seed, sum)) return 1;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (FLAGS_trace && FLAGS_seed != 0) PrintTrace();
  if (FLAGS_marks) std::cout << sum.marks.Table();
  std::cout << count << " seeds in " << sum.runs << " runs, " << sum.events << " events, "
            << sum.virtual_seconds / 3600 << " virtual hours in " << seconds
            << " s: " << static_cast<uint64_t>(sum.virtual_seconds / seconds) << " x real time\n";
  if (!FLAGS_require_marks) return 0;
  const std::vector<std::string> missing = sum.marks.Missing();
  for (const std::string& name : missing) std::cout << "FAILED: never seen: " << name << "\n";
  return missing.empty() ? 0 : 1;
}

// What is wrong with the flags, in a sentence; nothing where all is well.
std::optional<std::string> Mistake(int argc, char** argv) {
  if (argc > 1) return "what is \"" + std::string(argv[1]) + "\"? There are only flags: see --help";
  if (!(FLAGS_hours > 0 && FLAGS_hours <= 100'000)) return "--hours is more than 0 and at most 100000";
  if (FLAGS_services > 100 || FLAGS_workers > 100) return "--services and --workers are at most 100";
  if (FLAGS_order != 0 && FLAGS_seed == 0) return "--order belongs to one run: give its --seed, too";
  return std::nullopt;
}

}  // namespace
}  // namespace fectl::sim

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument != "--help" && argument != "-help" && argument != "-h") continue;
    std::cout << fectl::sim::kHelp;
    return 0;
  }
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (const auto mistake = fectl::sim::Mistake(argc, argv); mistake.has_value()) {
    std::cerr << "sim: " << *mistake << "\n";
    return 2;
  }
  return fectl::sim::RunAll();
}
