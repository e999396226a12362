// The part of the engine in which the master dies and a successor goes on from its journal.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "master/core/journal.h"
#include "master/sim/engine.h"
#include "master/sim/kernel/draw.h"

namespace fectl::sim {

void Engine::Crash() {
  Restore();
  if (!calm_) Plan(DrawSpan(random_master_, core::Seconds(600)), Kind::kCrash);
}

void Engine::Restore() {
  std::string bytes = core::WriteJournal(supervisor());
  std::optional<core::Supervisor> restored = core::ReadJournal(bytes);
  if (!restored.has_value() || !(*restored == supervisor())) {
    outcome_.broken = "the journal gives the state back (I27, I28): it does not";
    return;
  }
  size_t places = 0;
  for (const core::Service& service : supervisor().services()) places += 1 + service.slots().size();
  if (bytes.size() > 1024 + places * 8 * 1024 + checks_.open_requests() * 16)
    outcome_.broken = "memory is bounded (I21): the state takes " + std::to_string(bytes.size()) + " bytes";
  if (random_journal_.Below(16) == 0) DamageJournal(bytes);
  driver_.supervisor() = *std::move(restored);
}

void Engine::DamageJournal(const std::string& bytes) {
  std::string torn = bytes.substr(0, random_journal_.Below(bytes.size()));
  std::string flipped = bytes;
  char& byte = flipped[random_journal_.Below(flipped.size())];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random_journal_.Below(8)));
  bool good = !core::ReadJournal(torn).has_value() && !core::ReadJournal(flipped).has_value();
  if (!old_journal_.empty()) {
    const std::optional<core::Supervisor> older = core::ReadJournal(old_journal_);
    good = good && older.has_value() && core::WriteJournal(*older) == old_journal_;
    // The new one written over the old one, but for its end.
    if (torn.size() < old_journal_.size()) torn += old_journal_.substr(torn.size());
    good = good && (torn == bytes || torn == old_journal_ || !core::ReadJournal(torn).has_value());
  }
  if (!good) outcome_.broken = "a damaged journal is refused, an old one is what it was (I29): it is not";
  old_journal_ = bytes;
}

}  // namespace fectl::sim
