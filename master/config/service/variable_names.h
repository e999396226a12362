#ifndef FECTL_MASTER_CONFIG_SERVICE_VARIABLE_NAMES_H_
#define FECTL_MASTER_CONFIG_SERVICE_VARIABLE_NAMES_H_

#include <string_view>

namespace fectl::config {

// Letters, digits and _, with no digit in front: what every program and shell can read.
bool IsVariableName(std::string_view name);

// What the master itself tells its workers by.
bool IsReservedVariable(std::string_view name);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SERVICE_VARIABLE_NAMES_H_
