#ifndef MASTER_EXPLAIN_PAST_H_
#define MASTER_EXPLAIN_PAST_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/core/slot/slot.h"
#include "master/core/slot/slot_state.h"

namespace fectl::explain {

// What the history of a slot tells of how it came to be as it is. Clauses have no subject: "exited with code
// 3, after it had served for 12 s".

// The newest record with one of these milestones; nullptr: there is none, or it is too old to be kept.
const core::Record* Newest(const core::Slot& slot, std::initializer_list<core::Milestone> milestones);

// What happened to the newest process that was lost; "" where none is known.
std::string LossWords(const core::Slot& slot);

// Why the process was started, as a sentence. `asked`: what is known of it without a record.
std::string OriginOf(const core::Slot& slot, const core::Process& process, const core::Cause& asked);

// What became of a reload or restart of which this slot's new process failed, as a sentence; "" where the
// newest process of the slot was no such one.
std::string FailedReplacement(const core::Slot& slot, const std::string& who);

// Who or what told the slot's last process to leave, as a sentence; "" where that is not known.
std::string WhyItLeft(const core::Slot& slot);

}  // namespace fectl::explain

#endif  // MASTER_EXPLAIN_PAST_H_
