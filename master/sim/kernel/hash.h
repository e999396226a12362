#ifndef MASTER_SIM_KERNEL_HASH_H_
#define MASTER_SIM_KERNEL_HASH_H_

#include <cstdint>
#include <string>
#include <variant>

#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"

namespace fectl::sim {

// One number for a whole run: two runs of one seed must have the same. Wall times are left out, since nothing
// may depend on them.
class Hash {
 public:
  void Add(core::Instant at, const core::Event& event) {
    Mix(static_cast<uint64_t>(at.ns));
    Mix(event.index());
    std::visit(
        [this](const auto& e) {
          if constexpr (requires { e.who; }) AddWho(e.who);
        },
        event);
  }

  void Add(const core::Effect& effect) {
    Mix(effect.index() + 100);
    std::visit(
        [this](const auto& e) {
          if constexpr (requires { e.who; }) AddWho(e.who);
          if constexpr (requires { e.answer; }) Mix(e.request * 16 + static_cast<uint64_t>(e.answer));
          if constexpr (requires { e.order; }) Mix(static_cast<uint64_t>(e.order));
          if constexpr (requires { e.sig; }) Mix(static_cast<uint64_t>(e.sig));
          if constexpr (requires { e.record; }) {
            Mix(e.slot);
            Mix(static_cast<uint64_t>(e.record.milestone) * 64 + static_cast<uint64_t>(e.record.cause.kind));
            Mix(static_cast<uint64_t>(e.record.pid));
          }
        },
        effect);
  }

  uint64_t value() const { return value_; }

 private:
  void Mix(uint64_t word) {
    value_ = (value_ ^ word) * 0x9e3779b97f4a7c15;
    value_ ^= value_ >> 29;
  }
  void AddWho(const core::Incarnation& who) {
    Mix((uint64_t{who.service} << 48) ^ (uint64_t{who.slot} << 32) ^ who.generation);
  }

  uint64_t value_ = 0x243f6a8885a308d3;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_KERNEL_HASH_H_
