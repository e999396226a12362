#ifndef MASTER_CORE_SERVICE_BATCH_H_
#define MASTER_CORE_SERVICE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "master/core/basis/time.h"
#include "master/core/boundary/policy.h"
#include "master/core/service/service_operation.h"
#include "master/core/slot/slot.h"

namespace fectl::core {

// What follows from a replacement and the policy of its service.

struct Batch {
  size_t size = 0;
  size_t beside = 0;    // the first of them, whose old workers serve until the new ones do
  bool canary = false;  // others follow only if it proves well
};
Batch NextBatch(const ServicePolicy& policy, const ReplaceOperation& replace);

// Of those that the batch of `replace` has begun or an earlier one.
bool HasBegun(const ReplaceOperation& replace, uint32_t slot);

// When a batch that makes progress now has to make the next; kNever: it need not.
Instant ProgressBy(const ServicePolicy& policy, Instant now);

// When a service that is about this has to be looked at by itself.
Instant OwnDeadline(const Operation& operation);

// It goes on only at an operator's word or after a long time.
bool WaitsForTime(const ReplaceOperation& replace);
std::string WhatItWaitsFor(const ReplaceOperation& replace);

// "2 of 8 new workers serve; " and what comes next.
std::string ProgressWords(const ReplaceOperation& replace, const std::string& next);

// "; the old workers keep serving", of those of the batch that is under way and later ones; "": nobody does.
std::string WhoServesOn(const ReplaceOperation& replace, const std::vector<Slot>& slots);

// Adds to `back` what runs another version than before `replace`, with that version, of `num` slots.
void FindWhatToBringBack(const ReplaceOperation& replace, const std::vector<Slot>& slots, uint32_t num,
                         ReplaceOperation& back);

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_BATCH_H_
