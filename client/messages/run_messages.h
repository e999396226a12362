#ifndef FECTL_CLIENT_MESSAGES_RUN_MESSAGES_H_
#define FECTL_CLIENT_MESSAGES_RUN_MESSAGES_H_

#include "client/context.h"

namespace fectl::client {

// fectl send SERVICE[/N] JSON and fectl listen SERVICE: the application's own messages, to its workers and
// from them. Give the exit code.
int RunSend(const Context& context);
int RunListen(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_MESSAGES_RUN_MESSAGES_H_
