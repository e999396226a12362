// What the logger keeps in memory that outlives it (arena.h): the master has the descriptor of it, and gives
// it to the next logger. A process can be killed between any two stores, so each change of state is one
// store, named below as its commit, and what stands before a commit is not looked at by a successor.
#ifndef FECTL_MASTER_LOGGER_MEMORY_SHARED_STATE_H_
#define FECTL_MASTER_LOGGER_MEMORY_SHARED_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fectl::logger {

// What a service's lines are kept in: enough for the longest line sixteen times, and for a second of a busy
// disk.
inline constexpr size_t kRingBytes = size_t{1} << 20;
// The longest line. A longer one becomes several.
inline constexpr size_t kLineBytesMax = size_t{64} << 10;
// A line that is not finished, and what one read gives.
inline constexpr size_t kStageBytes = 2 * kLineBytesMax;
// Of the last lines of each process.
inline constexpr size_t kLastBytes = 2048;
inline constexpr size_t kLastLines = 20;
// Where lines of one service go: a file, the journal, the console, syslog.
inline constexpr size_t kSinksMax = 4;
inline constexpr size_t kNameBytesMax = 64;

enum class Stream : uint16_t { kBoth, kOut, kErr, kOurs };

// RecordHead::part: the whole line, or which piece of it, from 0 on.
inline constexpr int32_t kWholeLine = -2;
inline constexpr int32_t kLastPart = -1;

inline constexpr uint32_t kNoStage = UINT32_MAX;

// Some lines of one process, or one piece of a line. The text follows.
struct RecordHead {
  uint32_t bytes;   // of the record with this head and its text, a multiple of 8
  uint32_t text;    // bytes; kPadding: this is no record but the rest of the ring
  uint64_t number;  // of its first line in the service
  uint64_t generation;
  uint64_t taken;  // bytes of the process's stream up to its end
  int64_t t_ms;
  uint32_t lines;
  uint32_t worker;  // from 0
  int32_t pid;
  uint32_t stage;  // of the process
  int32_t part;
  Stream stream;
  uint16_t reserved;

  static constexpr uint32_t kPadding = UINT32_MAX;
};
static_assert(sizeof(RecordHead) % 8 == 0);

// How far the lines of a service have been written to one place. Only the thread that writes there changes
// it.
struct SinkState {
  std::atomic<uint64_t> position;  // in the ring
  std::atomic<uint64_t> number;    // of the line that is to come there
  // What is about to be written to a file, committed by `armed`: with the file as it is found, this says
  // whether it was.
  std::atomic<uint64_t> armed;
  uint64_t device;
  uint64_t inode;
  uint64_t offset;
  uint64_t length;
  uint64_t next_position;
  uint64_t next_number;
};

struct ServiceHead {
  std::atomic<uint64_t> used;  // commit of all below
  uint64_t service;
  char name[kNameBytesMax + 8];
  // The ring has the records from `oldest` to `newest`; positions only grow. `newest` is the commit of a
  // record, `oldest` is moved before its room is used.
  std::atomic<uint64_t> oldest;
  std::atomic<uint64_t> newest;
  uint64_t first_number;  // of the first line of all
  SinkState sinks[kSinksMax];
};

// What one process has written and is not in the ring yet.
struct StageHead {
  std::atomic<uint64_t> used;  // commit of the identity
  uint64_t service;
  uint64_t generation;
  uint32_t worker;
  int32_t pid;
  Stream stream;
  // Bytes of the stream: what is at the start of the buffer, what has been moved into the ring, what has been
  // read.
  std::atomic<uint64_t> base;
  std::atomic<uint64_t> taken;
  std::atomic<uint64_t> filled;
  // A read that may be under way: of how many bytes, and with what its room was filled before; it was begun
  // when `filled` was `pending_at`. 0: none.
  std::atomic<uint64_t> pending;
  std::atomic<uint64_t> pending_at;
  std::atomic<int32_t> part;           // how many pieces of the present line are in the ring
  std::atomic<uint32_t> last_changes;  // while it is odd, `last` is being changed
  uint32_t last_bytes;
  char last[kLastBytes];
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_MEMORY_SHARED_STATE_H_
