#ifndef MASTER_CORE_BASIS_CHECK_H_
#define MASTER_CORE_BASIS_CHECK_H_

#include <string_view>

namespace fectl::core {

// What always holds, with a name. Where it does not, the mistake is ours, and what would be decided from
// there on could only make it worse: the process ends and says which one it was, and where.
//
// FECTL_CHECK is for what costs next to nothing, and looks in the master, too. FECTL_SIM_CHECK is for what
// takes a look at the whole state, and looks where somebody has set `sim_checks`: in the tests of the core.
// (The simulator looks by itself, so that it can tell the seed.) Not to be changed while threads run.
inline bool sim_checks = false;

[[noreturn]] void EndWithBrokenInvariant(std::string_view name, const char* file, int line);

}  // namespace fectl::core

// The name is looked at only where the condition does not hold.
#define FECTL_CHECK(condition, name) \
  ((condition) ? void() : ::fectl::core::EndWithBrokenInvariant(name, __FILE__, __LINE__))
#define FECTL_SIM_CHECK(condition, name) FECTL_CHECK(!::fectl::core::sim_checks || (condition), name)

#endif  // MASTER_CORE_BASIS_CHECK_H_
