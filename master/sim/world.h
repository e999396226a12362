#ifndef MASTER_SIM_WORLD_H_
#define MASTER_SIM_WORLD_H_

#include "master/sim/outcome.h"

namespace fectl::sim {

// A fake kernel, fake workers and fake operators around the real supervisor. Faults of the kinds and rates
// that the seed drew for the time of `chaos`; then none, and everything must come to rest as it should.
Outcome RunWorld(const Options& options);

}  // namespace fectl::sim

#endif  // MASTER_SIM_WORLD_H_
