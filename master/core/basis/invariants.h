#ifndef MASTER_CORE_BASIS_INVARIANTS_H_
#define MASTER_CORE_BASIS_INVARIANTS_H_

#include <initializer_list>
#include <string_view>

namespace fectl::core {

// What holds between two steps, with its name. For the functions Contradiction() of what has a state: each
// gives the name of the first invariant that is broken, "" where all hold.
struct Invariant {
  std::string_view name;
  bool holds;
};

inline std::string_view FirstBroken(std::initializer_list<Invariant> invariants) {
  for (const Invariant& invariant : invariants) {
    if (!invariant.holds) return invariant.name;
  }
  return {};
}

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_INVARIANTS_H_
