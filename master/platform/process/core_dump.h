#ifndef FECTL_MASTER_PLATFORM_PROCESS_CORE_DUMP_H_
#define FECTL_MASTER_PLATFORM_PROCESS_CORE_DUMP_H_

#include <string>
#include <string_view>

namespace fectl::platform {

// /proc/sys/kernel/core_pattern, without its newline; empty where it cannot be read.
std::string CorePattern();

// Where the core dump of a process is, for people, where `pattern` is core_pattern: "as `core` in /srv/shop".
// `directory`: of the process. Pure.
std::string WhereCoreIs(std::string_view pattern, std::string_view directory);

}  // namespace fectl::platform

#endif  // FECTL_MASTER_PLATFORM_PROCESS_CORE_DUMP_H_
