#include "master/sim/ledger.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fectl::sim {

Ledger::Ledger(const std::vector<uint32_t>& slots_per_service) {
  for (const uint32_t slots : slots_per_service) lives_.emplace_back(slots);
}

Life* Ledger::Find(const core::Incarnation& who) {
  if (who.service >= lives_.size() || who.slot >= lives_[who.service].size()) return nullptr;
  for (Life& life : lives_[who.service][who.slot]) {
    if (life.who.generation == who.generation) return &life;
  }
  return nullptr;
}

Life& Ledger::Add(const core::Incarnation& who, core::Instant at) {
  ++size_;
  Life& life = lives_[who.service][who.slot].emplace_back();
  life.who = who;
  life.spawned_at = at;
  return life;
}

void Ledger::Remove(const core::Incarnation& who) {
  size_ -= std::erase_if(lives_[who.service][who.slot],
                         [&](const Life& life) { return life.who.generation == who.generation; });
}

void Ledger::Stall(core::Span length) {
  for (auto& service : lives_) {
    for (auto& slot : service) {
      for (Life& life : slot) life.stalled = life.stalled + length;
    }
  }
}

}  // namespace fectl::sim
