#ifndef FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_
#define FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_

#include <string>
#include <utility>
#include <vector>

#include "master/config/load_result.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// What [defaults] says for the services that do not say it themselves.
struct ServiceDefaults {
  ServiceConfig values;
  std::vector<std::pair<std::string, Place>> keys;  // those that it has, and where they stand
};

// Problems go to `result`, under "defaults", once for all services.
ServiceDefaults ReadDefaults(const Table& table, LoadResult* result);

// One [[service]]: what it says, with defaults for what it does not say or says wrongly. Problems go to
// `result`, under `label`; of a key that comes from [defaults] the place is there.
ServiceConfig ReadService(const Table& table, std::string label, const ServiceDefaults& defaults,
                          LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_
