#ifndef MASTER_APPLY_KEY_CLASSES_H_
#define MASTER_APPLY_KEY_CLASSES_H_

#include <string_view>

namespace fectl::apply {

// What a change of one key of fectld.toml takes, from the least to the most.
enum class KeyClass {
  kLive,     // it holds at once, for processes that run too
  kScale,    // workers are started or drained
  kRoll,     // the workers are replaced, as in a reload
  kRebind,   // another listener is opened, and the workers that have it are replaced
  kRestart,  // only a restart of fectld can do it
};

// "live", "scale", ...
std::string_view ToWord(KeyClass key_class);

// `section` and `key` as in config::kSections. (Keys that are names do not change: what has another name is
// another service or socket.)
KeyClass ClassOf(std::string_view section, std::string_view key);

// Whether the table has an entry of its own for the key.
bool IsClassified(std::string_view section, std::string_view key);

}  // namespace fectl::apply

#endif  // MASTER_APPLY_KEY_CLASSES_H_
