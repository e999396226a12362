#ifndef FECTL_CLIENT_CHANGES_PLAN_TEXT_H_
#define FECTL_CLIENT_CHANGES_PLAN_TEXT_H_

#include <string>

#include "proto_spec/control_plan.h"

namespace fectl::client {

// What a plan would change: a line for each change, below it one for each key. Safe to show.
std::string PlanText(const proto::PlanView& plan, bool colours_on);

// One line of JSON: what the plan says, with "ok" and "exit_code" before it.
std::string PlanJson(const proto::PlanView& plan, int exit_code);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CHANGES_PLAN_TEXT_H_
