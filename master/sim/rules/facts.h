#ifndef MASTER_SIM_RULES_FACTS_H_
#define MASTER_SIM_RULES_FACTS_H_

#include <cstdint>
#include <string>
#include <variant>

#include "master/core/basis/ids.h"
#include "master/core/boundary/events.h"

namespace fectl::sim {

// The process that an event is about, or nullptr.
inline const core::Incarnation* Concerns(const core::Event& event) {
  return std::visit(
      [](const auto& e) -> const core::Incarnation* {
        if constexpr (requires { e.who; }) {
          return &e.who;
        } else {
          return nullptr;
        }
      },
      event);
}

// Whether the process of the event is gone, or never came.
inline bool Ends(const core::Event& event) {
  return std::holds_alternative<core::Exited>(event) || std::holds_alternative<core::SpawnFailed>(event);
}

// "0/2" and "0/2#7": service and slot counted from 0, and the generation.
inline std::string Name(core::ServiceId service, uint32_t slot) {
  return std::to_string(service) + "/" + std::to_string(slot);
}
inline std::string Name(const core::Incarnation& who) {
  return Name(who.service, who.slot) + "#" + std::to_string(who.generation);
}

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_FACTS_H_
