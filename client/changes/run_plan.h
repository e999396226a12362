#ifndef FECTL_CLIENT_CHANGES_RUN_PLAN_H_
#define FECTL_CLIENT_CHANGES_RUN_PLAN_H_

#include "client/context.h"

namespace fectl::client {

// What a changed configuration would do, and doing it. They give the exit code.
int RunPlan(const Context& context);
int RunApply(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CHANGES_RUN_PLAN_H_
