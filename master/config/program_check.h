#ifndef FECTL_MASTER_CONFIG_PROGRAM_CHECK_H_
#define FECTL_MASTER_CONFIG_PROGRAM_CHECK_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Notes a problem for each socket that a service's `command`, `ready` or `watchdog` names and that its
// workers do not get, and a warning for names that nothing replaces.
void CheckPrograms(LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_PROGRAM_CHECK_H_
