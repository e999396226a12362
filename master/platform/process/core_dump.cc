#include "master/platform/process/core_dump.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "proto_spec/base/unique_fd.h"

namespace fectl::platform {

std::string CorePattern() {
  const base::UniqueFd file(open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC));
  std::array<char, 256> text = {};  // the kernel's own limit is 128
  const ssize_t got = file.valid() ? read(file.get(), text.data(), text.size()) : 0;
  std::string pattern(text.data(), got > 0 ? static_cast<size_t>(got) : 0);
  while (!pattern.empty() && pattern.back() == '\n') pattern.pop_back();
  return pattern;
}

std::string WhereCoreIs(std::string_view pattern, std::string_view directory) {
  if (pattern.starts_with("|")) {
    const std::string_view program = pattern.substr(1, pattern.find(' ') - 1);
    const bool systemd = program.ends_with("/systemd-coredump");
    return "taken by " + std::string(program) + (systemd ? " (coredumpctl shows it)" : "");
  }
  const std::string name = "as `" + std::string(pattern.empty() ? "core" : pattern) + "`";
  const bool elsewhere = pattern.starts_with("/") || directory.empty();
  return (elsewhere ? name : name + " in " + std::string(directory)) + " (core_pattern)";
}

}  // namespace fectl::platform
