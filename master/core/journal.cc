#include "master/core/journal.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "master/core/archive/archive_reader.h"
#include "master/core/archive/archive_writer.h"

namespace fectl::core {
namespace {

// Counts up with changes after which bytes of before mean something else: those are refused, not guessed at.
// Members that are added or given up are no such change, see archive.h.
constexpr uint64_t kMagic = 0x6665'6374'6c6a'0006;

struct Head {
  uint64_t magic = 0;
  uint64_t checksum = 0;  // of what follows
};

// FNV-1a: finds torn writes and stray ones. No defence against somebody who means it.
uint64_t Checksum(std::string_view bytes) {
  uint64_t sum = 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x0000'0100'0000'01b3;
  return sum;
}

}  // namespace

std::string WriteJournal(const Supervisor& supervisor) {
  return SealJournal(ArchiveWriter::Write(supervisor));
}

std::string SealJournal(std::string_view state) {
  const Head head{kMagic, Checksum(state)};
  std::string bytes(sizeof(head), '\0');
  std::memcpy(bytes.data(), &head, sizeof(head));
  return bytes.append(state);
}

std::optional<Supervisor> ReadJournal(std::string_view bytes) {
  Head head;
  if (bytes.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof(head));
  const std::string_view state = bytes.substr(sizeof(head));
  if (head.magic != kMagic || head.checksum != Checksum(state)) return std::nullopt;
  Supervisor supervisor({}, 0);
  if (!ArchiveReader::Read(state, supervisor) || !supervisor.Restore()) return std::nullopt;
  return supervisor;
}

}  // namespace fectl::core
