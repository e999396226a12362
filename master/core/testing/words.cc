#include "master/core/testing/words.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace fectl::core {

std::string_view Word(Order order) {
  constexpr std::array<std::string_view, 4> kWords = {"start", "pause", "resume", "stop"};
  return kWords.at(static_cast<size_t>(order));
}

std::string_view Word(Sig sig) {
  constexpr std::array<std::string_view, 3> kWords = {"TERM", "QUIT", "KILL"};
  return kWords.at(static_cast<size_t>(sig));
}

std::string_view Word(Answer answer) {
  constexpr std::array<std::string_view, 11> kWords = {
      "Started",      "Stopped",        "Failed",        "Done",         "ErrorUnknown", "ErrorStarting",
      "ErrorRunning", "ErrorReloading", "ErrorStopping", "ErrorStopped", "ErrorFailed"};
  return kWords.at(static_cast<size_t>(answer));
}

}  // namespace fectl::core
