#include "master/core/journal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "master/core/archive.h"

namespace fectl::core {
namespace {

// Counts up with every change of what is written. Another version is refused, not guessed at.
constexpr uint64_t kMagic = 0x6665'6374'6c6a'0004;

// FNV-1a: finds torn writes and stray ones. No defence against somebody who means it.
uint64_t Checksum(std::string_view bytes) {
  uint64_t sum = 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x0000'0100'0000'01b3;
  return sum;
}

}  // namespace

std::string WriteJournal(const Supervisor& supervisor) {
  ArchiveWriter body;
  Supervisor::Fields(body, supervisor);
  return SealJournal(body.Take());
}

std::string SealJournal(std::string_view state) {
  ArchiveWriter head;
  head(kMagic, Checksum(state));
  return head.Take().append(state);
}

std::optional<Supervisor> ReadJournal(std::string_view bytes) {
  ArchiveReader head(bytes);
  uint64_t magic = 0;
  uint64_t checksum = 0;
  head(magic, checksum);
  if (!head.ok() || magic != kMagic) return std::nullopt;
  const std::string_view rest = bytes.substr(sizeof(magic) + sizeof(checksum));
  if (Checksum(rest) != checksum) return std::nullopt;
  ArchiveReader body(rest);
  Supervisor supervisor({}, 0);
  Supervisor::Fields(body, supervisor);
  if (!body.ok() || !body.at_end() || !supervisor.Restore()) return std::nullopt;
  return supervisor;
}

}  // namespace fectl::core
