#ifndef FECTL_MASTER_CONFIG_CHECK_H_
#define FECTL_MASTER_CONFIG_CHECK_H_

#include "master/config/load_result.h"

namespace fectl::config {

// Notes what does not fit together: names that are taken, sockets for services that do not exist, two sockets
// on one address, no service at all. Precondition: the labels of `result` are filled in. `complete` is false
// if parts of the file could not be read: then nothing is said about what may be in those parts.
void CheckConsistency(bool complete, LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_CHECK_H_
