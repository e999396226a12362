#ifndef MASTER_CORE_SERVICE_SERVICE_STATE_H_
#define MASTER_CORE_SERVICE_SERVICE_STATE_H_

#include <cstdint>
#include <string_view>

namespace fectl::core {

enum class ServiceState : uint8_t {
  kStopped,
  kStarting,  // of a oneshot also: it runs
  kRunning,
  kPaused,
  kReloading,
  kStopping,
  kFailed,
  kWaiting,  // it is to start when the services that it names in `after` and `require` are ready
  kDone,     // a oneshot that has ended with 0
  kLast = kDone,
};

// "running", "paused", ...: the words that people and existing clients see.
std::string_view ToWord(ServiceState state);

// Whether a service in this state has to be reloaded where a socket of its workers was replaced by another
// one.
bool ReloadsForNewSockets(ServiceState state, bool oneshot);

// What a service is for those that name it in `after` or `require`.
enum class Standing : uint8_t {
  kReady,    // all wanted workers are loaded; a oneshot has ended with 0
  kComing,   // is to become ready by itself
  kBlocked,  // waits for a service that it requires and that will not become ready by itself
  kFailed,
  kDown,  // stopped, or told to stop
};

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_SERVICE_STATE_H_
