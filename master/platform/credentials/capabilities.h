#ifndef MASTER_PLATFORM_CREDENTIALS_CAPABILITIES_H_
#define MASTER_PLATFORM_CREDENTIALS_CAPABILITIES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fectl::platform {

// Bit n stands for the capability with the number n of <linux/capability.h>.
using CapabilitySet = uint64_t;

// The names of all capabilities that Linux had when this was built, "CAP_CHOWN" first; the index is the
// number.
std::span<const std::string_view> CapabilityNames();

// "CAP_KILL, CAP_SETUID" in the order of their numbers.
std::string NamesOf(CapabilitySet set);

constexpr CapabilitySet SetOf(int number) {
  return CapabilitySet{1} << number;
}

// Of this process. (The ambient set is a part of both the permitted and the inheritable one.)
struct HeldCapabilities {
  CapabilitySet effective = 0;
  CapabilitySet permitted = 0;
  CapabilitySet inheritable = 0;
};
HeldCapabilities GetHeldCapabilities();

// Gives up every capability of this process, the inheritable and ambient ones included, which a change from
// one user to another leaves alone where neither is root.
absl::Status DropCapabilities();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_CAPABILITIES_H_
