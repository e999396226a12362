#include "master/platform/process/start_code.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace fectl::platform {
namespace {

// Of one program or library. What can be written holds data, which must stay; the rest is as in its file.
int GiveBack(dl_phdr_info* object, size_t /*size*/, void* /*nothing*/) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
    const uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // An error means that it stays, which does no harm.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers.
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void GiveBackStartCode() {
  dl_iterate_phdr(GiveBack, nullptr);
}

}  // namespace fectl::platform
