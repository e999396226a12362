#ifndef FECTL_MASTER_LOGGER_MEMORY_STAGE_H_
#define FECTL_MASTER_LOGGER_MEMORY_STAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "master/logger/memory/arena.h"
#include "master/logger/memory/ring.h"
#include "master/logger/memory/shared_state.h"

namespace fectl::logger {

// A pipe on which a process writes: which one, of what place. Places count from 0.
struct Writer {
  uint64_t service = 0;
  uint32_t worker = 0;
  uint64_t generation = 0;
  int32_t pid = 0;
  Stream stream = Stream::kBoth;

  friend auto operator<=>(const Writer&, const Writer&) = default;
};

// What the room of a read is filled with before it: bytes that UTF-8 never has, in an order that the seed
// gives.
std::string FillFor(uint32_t seed, size_t bytes);
// The seed of a read that begins when so much has been read.
uint32_t SeedAt(uint64_t filled);

// What one process has written, on its way from the pipe into the ring as lines. A logger that takes over
// after a kill, at whatever moment, finds every byte here, in the ring or in the pipe, and none twice. (How
// much a read that was cut off had given is told by the room that it had not changed: the fill is none of
// UTF-8. Bytes that equal it at the very end of such a read are lost.) Not thread-safe.
class Stage {
 public:
  enum class ReadResult : uint8_t { kSome, kNothing, kFull, kEnd };

  // Goes on with what is in the block, and with `last`, the last record of the service's ring.
  Stage(const Arena::Stage& block, const std::optional<RecordHead>& last);

  static void Begin(const Arena::Stage& block, const Writer& writer);

  Writer writer() const;

  // Reads once from the pipe, which does not block. `hung_up`: no process has it for writing.
  ReadResult Read(int pipe, bool hung_up);

  struct Rules {
    int64_t t_ms = 0;  // unix time of the records
    size_t line_max = kLineBytesMax;
    enum class Rest : uint8_t {
      kKeep,
      kFlush,
      kEnd
    } rest = Rest::kKeep;                    // what a line without an end becomes
    std::optional<uint64_t> keep_from = {};  // records from this position on are not overwritten
  };
  // Moves lines into the ring. False: there is no room at present.
  bool Move(const Rules& rules, Ring* ring);

  // Bytes of a line that has no end yet.
  size_t unfinished() const { return block_.head->filled - block_.head->taken; }
  // These bytes, at most kLastBytes, the last ones.
  std::string Unfinished() const;

  // The last lines of the process, at most kLastLines of kLastBytes together, with their newlines.
  std::string LastLines() const;

  const Arena::Stage& block() const { return block_; }

 private:
  struct Cut {
    size_t bytes = 0;  // of the stream; 0: nothing can be moved
    size_t text = 0;   // of these, without the newline of a piece
    uint32_t lines = 1;
    int32_t part = kWholeLine;
  };
  Cut NextCut(std::string_view bytes, const Rules& rules) const;
  std::string_view Unmoved() const;
  void FinishRead();
  void MakeRoom();
  void KeepLast(std::string_view text, int32_t part);

  Arena::Stage block_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_MEMORY_STAGE_H_
