#ifndef MASTER_RUNTIME_LIMITS_H_
#define MASTER_RUNTIME_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "master/core/basis/time.h"

namespace fectl::runtime {

// Everything that a peer could make grow has its limit here.

// Read from one peer in one turn. More stays in the kernel, so that a peer which floods gets its share and no
// more.
inline constexpr size_t kReadBytesPerTurn = 16 * 1024;

// Read at most after a worker's exit: the messages that it wrote last. A pipe holds 64 KiB; more can only
// come from a process that the worker left behind, which could go on for ever.
inline constexpr size_t kLastMessagesBytes = 1024 * 1024;

// Orders that a worker has not read yet. An order takes 15 to 20 bytes: a worker that lets this fill up reads
// nothing.
inline constexpr size_t kOrderBytesMax = 4 * 1024;

// Messages of the application's own that wait for one worker to read, beside the one that has begun; one
// always fits. A client's `Send` says which workers could not take it.
inline constexpr size_t kMessageBytesMax = 64 * 1024;

// Records of subscriptions that wait for one client to read. Beyond it they are dropped, and the client is
// told how many.
inline constexpr size_t kRecordBytesMax = 256 * 1024;

// Subscriptions of one client, and of all: each message is looked for in all of them.
inline constexpr size_t kSubscriptionsMax = 16;
inline constexpr size_t kAllSubscriptionsMax = 1024;

// Workers of the base level expect a heartbeat of the master about this often once they are loaded.
inline constexpr core::Span kMasterBeatInterval = core::Seconds(2);

// Existing clients expect a `Pong` this often while they wait.
inline constexpr core::Span kPongInterval = core::Seconds(1);

// A client which takes nothing of its answer, or leaves a frame unfinished, for this long is dropped.
inline constexpr core::Span kClientStuckAfter = core::Seconds(10);

// Control clients at a time, and at most half of the descriptors that this process may have: the other half
// is for workers. One user other than root has at most three quarters of the places. A client that finds none
// is sent away; root waits in the listener's queue.
inline constexpr size_t kClientsMax = 16 * 1024;

// The last of these places are root's, so that nobody else can lock root out; fewer where there are few.
inline constexpr size_t kRootPlaces = 16;

// Held for all control clients together: the largest answer and half of one. Beyond it the
// heaviest client of the heaviest user is dropped.
inline constexpr size_t kClientsBytesMax = size_t{96} << 20;

// Reading the configuration, with all that is looked up for it; and what it may come to.
inline constexpr core::Span kLoadLimit = core::Seconds(30);
inline constexpr size_t kLoadedBytesMax = size_t{256} << 20;

// Requests for a plan or an application that wait for the one before.
inline constexpr size_t kApplyQueueMax = 64;

// How often, at most, the log tells what a peer can repeat at will.
inline constexpr core::Span kRefusalLogInterval = core::Seconds(60);

// How often, at most, all children are looked at because SIGCHLD came: that takes the longer the more there
// are. The exits of our own are reported by their pidfds before; this finds orphans that the kernel gave to
// us.
inline constexpr core::Span kSweepPause = core::Milliseconds(100);

// How often, at most, it is looked whether the control socket's file is still there, and it is made anew. A
// cleaner of /tmp may take it.
inline constexpr core::Span kSocketFileCheck = core::Seconds(1);

// A worker that shuts a listening socket down again and again makes work for everybody: at most so often.
inline constexpr core::Span kReviveInterval = core::Seconds(1);

// A socket that could not be opened is not tried more often, however many workers wait for it: to find the
// process that holds it, every process is looked at.
inline constexpr core::Span kOpenPause = core::Milliseconds(200);

// How long the start waits for what belongs to another process that is about to end: the lock of a fectld
// that was killed or is stopping, or a port that the workers of one hold.
inline constexpr int64_t kLeftoversMs = 2'000;

// After no descriptor was left for a client: the listener stays readable, so looking at once again would
// spin.
inline constexpr core::Span kAcceptPause = core::Milliseconds(100);

// The service manager is shown a line of status at most this often: services of many workers change it a
// thousand times in a start.
inline constexpr core::Span kNotifyStatusInterval = core::Seconds(1);

// While fectld starts, applies a configuration or stops, the service manager's timeout is put off to this far
// from now, this often. A loop that does not turn for the difference may be taken for hung.
inline constexpr core::Span kNotifyExtension = core::Seconds(30);
inline constexpr core::Span kNotifyExtensionInterval = core::Seconds(10);

// A service manager that does not read is tried again after this.
inline constexpr core::Span kNotifyPause = core::Milliseconds(500);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_LIMITS_H_
