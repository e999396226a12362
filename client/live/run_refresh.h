#ifndef FECTL_CLIENT_LIVE_RUN_REFRESH_H_
#define FECTL_CLIENT_LIVE_RUN_REFRESH_H_

#include <functional>
#include <string>
#include <string_view>

#include "client/context.h"

namespace fectl::client {

// A command that prints something and returns its exit code.
using Shown = std::function<int(const Context&)>;

// Shows it again and again, until somebody ends it: on a terminal on the whole screen, each second; elsewhere
// below one another, whenever something else than a time has changed. Gives the exit code of the last time,
// where that was a failure which will not pass by itself: a master that is not there is waited for.
int RunRefresh(const Context& context, const Shown& shown);

// What --json prints, without the times that pass by themselves: two of these differ if something happened.
std::string WithoutTimes(std::string_view json);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_RUN_REFRESH_H_
