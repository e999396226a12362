// What a slot costs the supervisor, by the number of slots (the argument): time for each start and each
// heartbeat, and memory. Nothing may grow with the number of the others. Run with -c opt; tools/bench/run
// does.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <variant>

#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/supervisor.h"

namespace fectl::core {
namespace {

constexpr Instant kBegin{1'000'000'000};

std::unique_ptr<Supervisor> MakeSupervisor(uint32_t slots) {
  ServicePolicy policy;
  policy.name = "bench";
  policy.num = slots;
  return std::make_unique<Supervisor>(FirstPlans({policy}), 1);
}

// Every worker is spawned, says `loaded` and is told to start.
void StartAll(Supervisor& supervisor, uint32_t slots) {
  const Moment at{kBegin};
  Effects effects;
  Effects more;
  supervisor.Boot(at, effects);
  for (const Effect& effect : effects) {
    if (const auto* spawn = std::get_if<Spawn>(&effect)) supervisor.Step(Spawned{spawn->who, 1}, at, more);
  }
  for (uint32_t slot = 0; slot < slots; ++slot) {
    more.clear();
    supervisor.Step(WorkerLoaded{{.slot = slot, .generation = slot + 1}}, at, more);
  }
}

void Start(benchmark::State& state) {
  const auto slots = static_cast<uint32_t>(state.range(0));
  for ([[maybe_unused]] const auto turn : state) {
    const auto supervisor = MakeSupervisor(slots);
    StartAll(*supervisor, slots);
  }
  state.SetItemsProcessed(state.iterations() * slots);

  const size_t before = mallinfo2().uordblks;
  const auto supervisor = MakeSupervisor(slots);
  StartAll(*supervisor, slots);
  if (supervisor->services()[0].ready() != slots) state.SkipWithError("the workers were not started");
  state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before) / slots;
}
BENCHMARK(Start)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

// One heartbeat a second from each, one after the other, and the deadlines that come due meanwhile.
void Beat(benchmark::State& state) {
  const auto slots = static_cast<uint32_t>(state.range(0));
  const auto supervisor = MakeSupervisor(slots);
  StartAll(*supervisor, slots);
  Effects effects;
  Moment at{kBegin};
  uint32_t slot = 0;
  for ([[maybe_unused]] const auto turn : state) {
    at.now.ns += Seconds(1).ns / slots;
    supervisor->Step(WorkerBeat{{.slot = slot, .generation = slot + 1}}, at, effects);
    if (supervisor->next_deadline() <= at.now) supervisor->Step(TimePassed{}, at, effects);
    slot = slot + 1 == slots ? 0 : slot + 1;
  }
  if (!effects.empty()) state.SkipWithError("a heartbeat had an effect");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Beat)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace fectl::core

BENCHMARK_MAIN();
