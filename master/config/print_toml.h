#ifndef FECTL_MASTER_CONFIG_PRINT_TOML_H_
#define FECTL_MASTER_CONFIG_PRINT_TOML_H_

#include <string>

#include "master/config/config.h"

namespace fectl::config {

// The effective configuration, defaults included, as TOML that Parse() turns into an equal Config (but for
// what ResolveAccounts() filled in, which is not written).
std::string PrintToml(const Config& config);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_PRINT_TOML_H_
