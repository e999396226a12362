#ifndef MASTER_SIM_KERNEL_KERNEL_H_
#define MASTER_SIM_KERNEL_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/sim/kernel/swarm.h"

namespace fectl::sim {

// The next step of a simulated program.
enum class Action : uint8_t {
  kStart,  // the time that its start takes is over
  kBeat,
  kTurnBad,   // what its behaviour is about happens now
  kContinue,  // by SIGCONT of somebody
  kLeave,     // has finished what was open
  kQuit,
  kDieBySignal9,
  kDieOfSignal,  // of the one in its `number`
  kReadOrder,    // an order has come whole
  kOverflow,     // so many orders lie unread before it that no further one can be written
  kGrandchild,   // writes as if it were the worker, whether that lives or not
  kEndGroup,     // what the process has left of its group ends
};

// What a worker can write. What is written behind half a frame is taken for the rest of it.
enum class Said : uint8_t { kLoaded, kBeat, kReload, kRestart, kLeaves, kConfigError, kGarbage, kHalfFrame };

// The bytes as they go through a pipe.
const std::string& BytesOf(Said said);

// One process of the fake kernel, its pipe to the master included, and what else its process group has.
struct SimProcess {
  // kLeftGroup: it is reaped, and others of its group, which has its number, live on. kEndedGroup: they did.
  enum class Life : uint8_t { kFree, kAlive, kZombie, kLeftGroup, kEndedGroup };

  core::Incarnation who;
  Life life = Life::kFree;
  uint32_t serial = 0;  // counts up with each use of the place: events of the one before are stale
  int32_t pid = 0;
  Behaviour behaviour = Behaviour::kGood;
  core::Order dies_on = core::Order::kStop;  // where that is its behaviour
  core::Span beat_interval;
  bool loaded = false;   // has said so
  bool leaving = false;  // has understood that it is to go
  bool silent = false;   // says nothing more
  bool unkillable = false;
  bool has_group = false;     // others of its group will outlive it
  bool group_killed = false;  // those have been sent SIGKILL, too
  bool holds_pipe = false;    // a grandchild has the pipe open: no end of file at its death
  bool reads_orders = true;
  bool stopped = false;      // by a signal
  std::vector<Action> held;  // of a stopped process: what it does as soon as it is continued
  bool failed_exec = false;  // it ended without having come to its program
  bool signaled = false;     // how it ended
  int32_t number = 0;

  std::deque<core::Order> orders;  // written by the master, not yet read
  core::Instant reads_at;          // the last of them

  std::string unread;   // written, not yet read by the master
  core::Span heard_at;  // running time of the world when the master has read a message of it
  bool read_planned = false;
  bool read_ready = false;   // the master sees it when it looks
  bool pipe_closed = false;  // by the worker, or by its death
  bool end_seen = false;     // the master has seen the end of the pipe

  bool readable() const { return !unread.empty(); }
  bool writable() const { return !pipe_closed || holds_pipe; }
};

// Process table with a tiny pid space. Numbers are given out in turn, as Linux does, and come back soon.
class Kernel {
 public:
  // Numbers from 2 to pids+1: 1 is nobody to play with.
  Kernel(uint32_t pids, size_t pipe_bytes) : pipe_bytes_(pipe_bytes), used_(pids + 2, false) {}

  // -1: no number is free.
  int32_t Start(const core::Incarnation& who);

  SimProcess& process(uint32_t place) { return processes_[place]; }
  const SimProcess& process(uint32_t place) const { return processes_[place]; }
  uint32_t places() const { return static_cast<uint32_t>(processes_.size()); }
  // kNowhere: no unreaped process.
  static constexpr uint32_t kNowhere = UINT32_MAX;
  uint32_t PlaceOf(const core::Incarnation& who) const;
  // The one that serves beside it, older than it.
  uint32_t PlaceOfOlder(const core::Incarnation& who) const;
  uint32_t newest() const { return newest_; }
  size_t pipe_bytes() const { return pipe_bytes_; }

  // False: the pipe is full, and a worker which must not block drops the message (a heartbeat) or waits with
  // it.
  bool Write(SimProcess& process, Said said);
  // Takes up to `bytes` out of the pipe.
  static std::string Read(SimProcess& process, size_t bytes);

  void Reap(uint32_t place);
  size_t unreaped() const { return unreaped_; }

 private:
  size_t pipe_bytes_;
  std::vector<bool> used_;  // by pid; 0 and 1 are nobody's
  int32_t last_pid_ = 1;
  std::deque<SimProcess> processes_;  // places stay where they are while new ones are added
  std::vector<uint32_t> free_;
  // By service and slot: where its unreaped processes are.
  std::vector<std::vector<std::vector<uint32_t>>> by_slot_;
  uint32_t newest_ = kNowhere;
  size_t unreaped_ = 0;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_KERNEL_KERNEL_H_
