#ifndef FECTL_CLIENT_SESSION_WORKER_OF_H_
#define FECTL_CLIENT_SESSION_WORKER_OF_H_

#include <optional>
#include <string>
#include <string_view>

namespace fectl::client {

// One worker of a service, from 1.
struct WorkerOf {
  std::string service;
  int worker = 1;
};

// "web", of which the worker is 0; "web/3" or "web[3]"; nullopt for what has another form.
std::optional<WorkerOf> ReadTarget(std::string_view word);

// "web[3]"; nullopt for what has another form. (No service has a bracket in its name.)
std::optional<WorkerOf> ReadWorkerOf(std::string_view word);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_WORKER_OF_H_
