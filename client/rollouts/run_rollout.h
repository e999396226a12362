#ifndef FECTL_CLIENT_ROLLOUTS_RUN_ROLLOUT_H_
#define FECTL_CLIENT_ROLLOUTS_RUN_ROLLOUT_H_

#include "client/context.h"

namespace fectl::client {

// Shows, promotes, pauses or aborts the rollout of a service; gives the exit code.
int RunRollout(const Context& context);

// Brings a service back to what it was before: by aborting the rollout that is under way, else by another
// one.
int RunRollback(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_ROLLOUTS_RUN_ROLLOUT_H_
