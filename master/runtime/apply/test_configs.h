// Configurations for the tests of the applier.
#ifndef MASTER_RUNTIME_APPLY_TEST_CONFIGS_H_
#define MASTER_RUNTIME_APPLY_TEST_CONFIGS_H_

#include <string>
#include <utility>
#include <vector>

#include "master/config/config.h"

namespace fectl::runtime {

using config::Config;
using config::ServiceConfig;

inline ServiceConfig Service(const std::string& name, int num = 2) {
  ServiceConfig service;
  service.name = name;
  service.num = num;
  service.command = {"/bin/" + name};
  service.restarts = 1;
  return service;
}

inline Config Of(std::vector<ServiceConfig> services) {
  Config config;
  config.services = std::move(services);
  return config;
}

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_APPLY_TEST_CONFIGS_H_
