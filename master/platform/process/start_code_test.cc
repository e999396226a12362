#include "master/platform/process/start_code.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "master/platform/testing/test_process.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {
namespace {

constexpr size_t kPage = 4096;
// Constant, so it lies in the program's file, and large enough that nothing else is in its middle.
constexpr std::array<std::array<char, kPage>, 256> kText = {{{'f'}, {'e'}, {'c'}, {'t'}, {'l'}}};

int Sum() {
  int sum = 0;
  for (const auto& page : kText) sum += *static_cast<const volatile char*>(page.data());
  return sum;
}

// How many of its pages are mapped, by the kernel's word.
size_t Mapped() {
  const base::UniqueFd pages(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  size_t mapped = 0;
  for (const auto& page : kText) {
    uint64_t entry = 0;
    const auto number = static_cast<off_t>(reinterpret_cast<uintptr_t>(page.data()) / kPage);
    if (pread(pages.get(), &entry, sizeof(entry), number * off_t{sizeof(entry)}) == sizeof(entry)) {
      mapped += entry >> 63;
    }
  }
  return mapped;
}

TEST(StartCode, WhatIsNotUsedAgainIsGivenBackAndComesBackUnchanged) {
  if (sysconf(_SC_PAGESIZE) != kPage) GTEST_SKIP() << "pages of another size";
  const int sum = Sum();
  const size_t before = Mapped();
  ASSERT_GE(before, kText.size() - 1);
  GiveBackStartCode();
  EXPECT_LT(Mapped(), before / 2);
  EXPECT_EQ(Sum(), sum);
  EXPECT_GE(Mapped(), kText.size() - 1);
}

TEST(StartCode, WhatIsLockedStays) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer makes mlock() do nothing";
#endif
  TestProcess process([] {
    if (sysconf(_SC_PAGESIZE) != kPage || mlock(kText.data(), sizeof(kText)) != 0)
      return 0;  // not allowed here
    Sum();
    const size_t before = Mapped();
    GiveBackStartCode();
    return Mapped() == before ? 0 : 1;
  });
  EXPECT_EQ(process.Wait(), "exited with code 0");
}

}  // namespace
}  // namespace fectl::platform
