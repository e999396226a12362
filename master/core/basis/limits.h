#ifndef MASTER_CORE_BASIS_LIMITS_H_
#define MASTER_CORE_BASIS_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "master/core/basis/time.h"

namespace fectl::core {

// Every number of the supervisor's policy which is not configured, with its reason.

// A worker that crashes is started again at once. The second crash in a row waits for this long (less up to
// half of it, at random), and each further one for twice as long as the one before.
inline constexpr Span kBackoffFirst = Milliseconds(500);

// The longest wait. Long enough that a crash loop costs nothing, short enough that people who mended the
// cause do not have to remember to start the service.
inline constexpr Span kBackoffMax = Seconds(30);

// A worker that served for this long was healthy: its next crash counts as a first one.
inline constexpr Span kStableAfter = Seconds(10);

// How long what is still leaving after earlier commands has once a `restart` is asked for, which is for when
// it shall be quick. (The workers that the restart itself replaces have their whole shutdown_timeout, as they
// were promised.)
inline constexpr Span kHurriedGrace = Seconds(5);

// How many processes of one slot may be leaving at a time; of more the oldest is killed. Each keeps its
// memory and its connections. With a long shutdown_timeout and streams that stay open every reload adds one,
// and this many reloads within one shutdown_timeout are a release that was mended more than once.
inline constexpr size_t kLeavingMax = 8;

// From this many losses in a row, none of which came after kStableAfter of serving, a worker is called
// crashing, until it has served for that long. One loss is an accident, two are a loop.
inline constexpr uint32_t kCrashingFrom = 2;

// Where the system has no room for another process (descriptors, process numbers, memory), a start is tried
// again after the same waits as after a crash, but no longer than this: nothing is wrong with the worker, and
// room that others make is not announced. (Room that fectld itself makes is: RoomMade.)
inline constexpr Span kRoomRetryMax = Seconds(5);

// Between two attempts in the same place that fail for want of room, however often room is made meanwhile.
inline constexpr Span kRoomPause = Milliseconds(100);

// How long a worker that was not serving yet has after SIGTERM. It has no request to finish.
inline constexpr Span kAbandonGrace = Seconds(2);

// How long a worker has after SIGQUIT ("exit now"). Existing workers were given this second, too.
inline constexpr Span kQuickGrace = Seconds(1);

// A worker's pipe ends just before its death is seen (in 296 of 300 deaths), so an end of file means nothing
// at first; a worker that still lives after this has closed its pipe.
inline constexpr Span kChannelGrace = Seconds(1);

// How long a worker may leave a message unfinished. Nothing that it writes after it can be read, and a
// pipe takes the rest of one in no time.
inline constexpr Span kMessageGrace = Seconds(10);

// How long a process that hangs may be looked into before it is killed. Its successor is started before that,
// so this costs memory, and no capacity.
inline constexpr Span kExaminationMax = Seconds(2);

// A process that outlives SIGKILL for this long sits in the kernel (a hung file system, a frozen cgroup):
// people are told once, and its slot goes on without it, but starts nothing more by itself until it is gone.
inline constexpr Span kUnkillableAfter = Seconds(10);

// A worker that is to be replaced for its age, and whose successor did not come up, is tried again after
// this.
inline constexpr Span kRecyclePause = Seconds(60);

// What each slot remembers. Existing clients expect up to 50.
inline constexpr size_t kHistoryRecords = 50;

// Longest text of a peer that is kept in a cause, in bytes.
inline constexpr size_t kCauseTextBytes = 1024;

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_LIMITS_H_
