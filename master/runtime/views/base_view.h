#ifndef MASTER_RUNTIME_VIEWS_BASE_VIEW_H_
#define MASTER_RUNTIME_VIEWS_BASE_VIEW_H_

#include <optional>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/core/service/service.h"
#include "proto_spec/base_status.h"

namespace fectl::runtime {

// The one place where our states meet the closed list of words that clients of the base level know.

proto::BaseServiceState ToBase(core::ServiceState state);

// nullopt: there is no word for it.
std::optional<proto::BaseState> ToBase(core::Milestone milestone, const core::Cause& cause);

proto::BaseReason ToBase(const core::Cause& cause);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_VIEWS_BASE_VIEW_H_
