#ifndef FECTL_CLIENT_CHANGES_RUN_PLAN_H_
#define FECTL_CLIENT_CHANGES_RUN_PLAN_H_

#include <string>

#include "client/context.h"
#include "client/session/session.h"

namespace fectl::client {

// What a changed configuration would do, and doing it. They give the exit code.
int RunPlan(const Context& context);
int RunApply(const Context& context);

// Brings a service back to what it was before the last application, and waits for that.
int RunRevertOf(const Context& context, Session& session, const std::string& service);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CHANGES_RUN_PLAN_H_
