#ifndef FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_
#define FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_

#include <string>

#include "master/config/load_result.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// One [[service]]: what it says, with defaults for what it does not say or says wrongly. Problems go to
// `result`, under `label`.
ServiceConfig ReadService(const Table& table, std::string label, LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SERVICE_SERVICE_SECTION_H_
