#include "master/logger/memory/ring.h"

#include <algorithm>
#include <cstring>

namespace fectl::logger {

Ring::Ring(const Arena::Service& block) : block_(block), next_number_(block.head->first_number) {
  uint64_t position = oldest();
  while (const std::optional<Record> record = At(&position)) {
    last_ = record->head;
    next_number_ = record->head.number + record->head.lines;
    position = record->next;
  }
}

void Ring::Begin(const Arena::Service& block, uint64_t service, std::string_view name,
                 uint64_t first_number) {
  block.head->service = service;
  block.head->name[name.copy(block.head->name, kNameBytesMax)] = '\0';
  block.head->first_number = first_number;
  for (SinkState& sink : block.head->sinks) sink.number = first_number;
  block.head->used = 1;
}

size_t Ring::BytesFor(size_t text_bytes) {
  return (sizeof(RecordHead) + text_bytes + 7) / 8 * 8;
}

const RecordHead* Ring::HeadAt(uint64_t position) const {
  return reinterpret_cast<const RecordHead*>(block_.ring + position % kRingBytes);
}

uint64_t Ring::OverwrittenBy(size_t text_bytes) const {
  const size_t bytes = BytesFor(text_bytes);
  const size_t left = kRingBytes - newest() % kRingBytes;
  const uint64_t end = newest() + bytes + (left < bytes ? left : 0);
  uint64_t oldest_then = oldest();
  while (end - oldest_then > kRingBytes) oldest_then += HeadAt(oldest_then)->bytes;
  return oldest_then;
}

void Ring::Append(RecordHead head, std::string_view text) {
  block_.head->oldest = OverwrittenBy(text.size());
  const size_t bytes = BytesFor(text.size());
  const size_t left = kRingBytes - newest() % kRingBytes;
  if (left < bytes) {
    char* const rest = block_.ring + newest() % kRingBytes;
    const auto left_bytes = static_cast<uint32_t>(left);
    std::memcpy(rest, &left_bytes, sizeof left_bytes);
    std::memcpy(rest + sizeof left_bytes, &RecordHead::kPadding, sizeof RecordHead::kPadding);
    block_.head->newest = newest() + left;
  }
  head.bytes = static_cast<uint32_t>(bytes);
  head.text = static_cast<uint32_t>(text.size());
  head.number = next_number_;
  char* const at = block_.ring + newest() % kRingBytes;
  std::memcpy(at, &head, sizeof head);
  std::memcpy(at + sizeof head, text.data(), text.size());
  block_.head->newest = newest() + bytes;
  next_number_ += head.lines;
  last_ = head;
}

std::optional<Ring::Record> Ring::At(uint64_t* position) const {
  *position = std::max(*position, oldest());
  if (*position < newest() && HeadAt(*position)->text == RecordHead::kPadding)
    *position += HeadAt(*position)->bytes;
  if (*position >= newest()) return std::nullopt;
  const RecordHead* const head = HeadAt(*position);
  const char* const text = block_.ring + *position % kRingBytes + sizeof(RecordHead);
  return Record{*head, std::string_view(text, head->text), *position + head->bytes};
}

std::string Ring::Copy(uint64_t* position, size_t bytes_max) const {
  std::string records;
  while (records.empty() || records.size() < bytes_max) {
    const std::optional<Record> record = At(position);
    if (!record.has_value()) break;
    records.append(record->text.data() - sizeof(RecordHead), record->head.bytes);
    *position = record->next;
  }
  return records;
}

}  // namespace fectl::logger
