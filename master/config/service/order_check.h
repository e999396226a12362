#ifndef FECTL_MASTER_CONFIG_SERVICE_ORDER_CHECK_H_
#define FECTL_MASTER_CONFIG_SERVICE_ORDER_CHECK_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Notes a problem for each service that `after`, `requires`, `before_roll` and `renamed_from` name and that
// cannot be meant there, and for loops: services of which each would wait for the next one. Preconditions:
// the labels of `result` are filled in, and every service has a name.
void CheckOrder(LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SERVICE_ORDER_CHECK_H_
