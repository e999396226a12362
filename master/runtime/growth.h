#ifndef MASTER_RUNTIME_GROWTH_H_
#define MASTER_RUNTIME_GROWTH_H_

#include <cstdint>

#include "master/core/service/service.h"

namespace fectl::runtime {

// What has become of a service that is to have so many workers.
enum class Growth {
  kGoesOn,
  kDone,  // all of them are ready; or it does not run, waits for others, or is to have another number by now
  kFailed,  // one was given up; Service::TroubleInWords() says why
};

// To be asked when the supervisor has seen the event that says the number.
Growth GrowthOf(const core::Service& service, uint32_t num);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_GROWTH_H_
