#ifndef FECTL_CLIENT_ROLLOUTS_ROLLOUT_TEXT_H_
#define FECTL_CLIENT_ROLLOUTS_ROLLOUT_TEXT_H_

#include <string>
#include <string_view>

#include "proto_spec/rollout/control_rollout.h"

namespace fectl::client {

// What became of the new workers, in indented lines: those that loaded, with the time and memory that they
// took, and those that were lost. Safe for a terminal. `lines`: what the worker wrote last that was lost.
std::string VerdictText(const proto::RolloutView& rollout, std::string_view lines);

// What `fectl rollout status` shows.
std::string RolloutText(std::string_view service, const proto::RolloutView& rollout);

// The members of the rollout, without the braces around them.
std::string RolloutMembers(const proto::RolloutView& rollout);
std::string RolloutJson(std::string_view service, const proto::RolloutView& rollout);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_ROLLOUTS_ROLLOUT_TEXT_H_
