#include "master/runtime/rollouts/resident.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

int64_t ResidentBytes(int32_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  std::array<char, 128> text;
  const ssize_t size = read(file.get(), text.data(), text.size());
  if (size <= 0) return 0;
  const std::string_view all(text.data(), static_cast<size_t>(size));
  const size_t second = all.find(' ');
  if (second == std::string_view::npos) return 0;
  int64_t pages = 0;
  std::from_chars(all.data() + second + 1, all.data() + all.size(), pages);
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace fectl::runtime
