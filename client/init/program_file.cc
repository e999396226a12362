#include "client/init/program_file.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace fectl::client {
namespace {

// Variables that only the SDK reads; both are in every program that is linked with it.
constexpr std::string_view kMarks[] = {"FECTL_SRV_NAME", "FECTL_PROC_IDX"};
constexpr std::string_view kOwn[] = {"fectl", "fectld", "fectl-run", "fectl-http"};
constexpr std::string_view kCall = "FindSocket(\"";
constexpr size_t kNameMax = 100;

}  // namespace

ProgramKind KindOfProgram(std::string_view name, std::string_view bytes) {
  const bool is_elf = bytes.starts_with("\177ELF");
  if (!is_elf && !bytes.starts_with("#!")) return ProgramKind::kNone;
  if (std::ranges::find(kOwn, name) != std::end(kOwn)) return ProgramKind::kNone;
  if (name.ends_with(".so") || name.find(".so.") != std::string_view::npos) return ProgramKind::kNone;
  const bool has_sdk = is_elf && std::ranges::all_of(kMarks, [&](std::string_view mark) {
                         return bytes.find(mark) != std::string_view::npos;
                       });
  return has_sdk ? ProgramKind::kWorker : ProgramKind::kOther;
}

std::vector<std::string> SocketsAskedFor(std::string_view source) {
  std::vector<std::string> names;
  for (size_t at; (at = source.find(kCall)) != std::string_view::npos;) {
    source.remove_prefix(at + kCall.size());
    const size_t end = source.find('"');
    if (end == std::string_view::npos || end == 0 || end > kNameMax) continue;
    std::string name(source.substr(0, end));
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace fectl::client
