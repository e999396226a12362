#ifndef FECTL_MASTER_LOGGER_MEMORY_RING_H_
#define FECTL_MASTER_LOGGER_MEMORY_RING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "master/logger/memory/arena.h"
#include "master/logger/memory/shared_state.h"

namespace fectl::logger {

// The newest lines of one service. What is too old is overwritten; whoever reads notices by the numbers of
// the lines. Not thread-safe.
class Ring {
 public:
  // Goes on with what is in the block.
  explicit Ring(const Arena::Service& block);

  // Makes a new block a ring, whose lines are numbered from `first_number`.
  static void Begin(const Arena::Service& block, uint64_t service, std::string_view name,
                    uint64_t first_number);

  // `head`: bytes, text and number are filled in. The text has at most kLineBytesMax bytes.
  void Append(RecordHead head, std::string_view text);

  // What Append() of a text of this length would overwrite: everything before this position.
  uint64_t OverwrittenBy(size_t text_bytes) const;

  uint64_t oldest() const { return block_.head->oldest; }
  uint64_t newest() const { return block_.head->newest; }  // behind the last record
  uint64_t next_number() const { return next_number_; }
  const std::optional<RecordHead>& last() const { return last_; }

  struct Record {
    RecordHead head;
    std::string_view text;  // in the ring
    uint64_t next = 0;      // position of the next one
  };
  // The record at `*position`, or the oldest one where that is gone; nullopt: there is none. Moves
  // `*position` to what is given.
  std::optional<Record> At(uint64_t* position) const;

  // Whole records from `*position` on, one behind the other, of some `bytes_max` bytes together (one at
  // least, where there is one). Moves `*position` behind them. For WalkRecords().
  std::string Copy(uint64_t* position, size_t bytes_max) const;

  ServiceHead* head() const { return block_.head; }

 private:
  const RecordHead* HeadAt(uint64_t position) const;
  static size_t BytesFor(size_t text_bytes);

  Arena::Service block_;
  uint64_t next_number_;
  std::optional<RecordHead> last_;
};

// Calls `visit(head, text)` for each record of what Ring::Copy() gave.
template <typename Visit>
void WalkRecords(std::string_view records, Visit visit) {
  while (records.size() >= sizeof(RecordHead)) {
    RecordHead head;
    records.copy(reinterpret_cast<char*>(&head), sizeof head);
    visit(head, records.substr(sizeof head, head.text));
    records.remove_prefix(head.bytes);
  }
}

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_MEMORY_RING_H_
