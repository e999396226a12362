#include "master/evidence/symbols.h"

#include <cxxabi.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "master/evidence/culprit.h"

namespace fectl::evidence {
namespace {

const Dwfl_Callbacks kCallbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                   .find_debuginfo = dwfl_standard_find_debuginfo,
                                   .section_address = nullptr,
                                   .debuginfo_path = nullptr};

// Names of C++ without their arguments, which can be pages long.
std::string Demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                    std::free);
  std::string name = status == 0 && text != nullptr ? text.get() : symbol;
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    const bool anonymous = name.compare(i, 11, "(anonymous ") == 0;
    if (name[i] == '(' && depth == 0 && i > 0 && !anonymous) {
      name.resize(i);
      break;
    }
  }
  return name;
}

absl::Status Failed(const char* what) {
  const char* why = dwfl_errmsg(-1);
  return absl::UnavailableError(absl::StrCat(what, ": ", why == nullptr ? "unknown error" : why));
}

}  // namespace

absl::StatusOr<Symbols> Symbols::OfProcess(pid_t pid) {
  Owned dwfl(dwfl_begin(&kCallbacks));
  if (dwfl == nullptr) return Failed("libdw");
  const int error = dwfl_linux_proc_report(dwfl.get(), pid);
  if (error > 0) return absl::ErrnoToStatus(error, "its map cannot be read");
  if (error < 0) return Failed("its map cannot be understood");
  if (dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0) return Failed("libdw");
  return Symbols(std::move(dwfl));
}

Frame Symbols::At(uint64_t address, bool calls, bool with_line) const {
  Frame frame;
  const Dwarf_Addr looked_up = address - (calls ? 1 : 0);
  Dwfl_Module* module = dwfl_addrmodule(dwfl_.get(), looked_up);
  if (module == nullptr) {
    frame.offset = address;
    return frame;
  }
  Dwarf_Addr start = 0;
  const char* name = dwfl_module_info(module, nullptr, &start, nullptr, nullptr, nullptr, nullptr, nullptr);
  frame.module = name == nullptr ? "" : name;
  frame.offset = address - start;
  GElf_Off offset = 0;
  GElf_Sym symbol = {};
  const char* function = dwfl_module_addrinfo(module, looked_up, &offset, &symbol, nullptr, nullptr, nullptr);
  if (function != nullptr) frame.function = Demangled(function);
  const unsigned char* id = nullptr;
  GElf_Addr where = 0;
  if (const int bytes = dwfl_module_build_id(module, &id, &where); bytes > 0) {
    frame.build_id = absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(id), static_cast<size_t>(bytes)));
  }
  frame.library = IsSystemCode(frame);
  if (!with_line || frame.library) return frame;
  if (Dwfl_Line* line = dwfl_module_getsrc(module, looked_up); line != nullptr) {
    const char* file = dwfl_lineinfo(line, nullptr, &frame.line, nullptr, nullptr, nullptr);
    frame.file = file == nullptr ? "" : file;
  }
  return frame;
}

}  // namespace fectl::evidence
