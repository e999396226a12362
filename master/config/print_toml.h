#ifndef FECTL_MASTER_CONFIG_PRINT_TOML_H_
#define FECTL_MASTER_CONFIG_PRINT_TOML_H_

#include <string>
#include <utility>
#include <vector>

#include "master/config/config.h"

namespace fectl::config {

// The effective configuration, defaults included, as TOML that Parse() turns into an equal Config (but for
// what ResolveAccounts() filled in, which is not written).
std::string PrintToml(const Config& config);

// The same, key by key: the key and its value as TOML.
using KeyValues = std::vector<std::pair<std::string, std::string>>;
KeyValues ValuesOf(const MasterConfig& master);
KeyValues ValuesOf(const LoggingConfig& logging);
KeyValues ValuesOf(const LogsConfig& logs);
KeyValues ValuesOf(const SocketConfig& socket);
// Keys of [service.logs] begin with "logs.", and those of the other sections of a service likewise.
KeyValues ValuesOf(const ServiceConfig& service);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_PRINT_TOML_H_
