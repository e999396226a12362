#ifndef FECTL_CLIENT_FAIL_ABOUT_H_
#define FECTL_CLIENT_FAIL_ABOUT_H_

#include <string>

#include "client/context.h"
#include "client/session/session.h"
#include "proto_spec/control_messages.h"

namespace fectl::client {

// Says what an answer means that is not the wanted one to a request about `service`; gives the exit code.
// Asks the master for the names of its services, where the name was unknown, to suggest one.
int FailAbout(const Context& context, Session& session, const proto::Response& answer,
              const std::string& service);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_FAIL_ABOUT_H_
