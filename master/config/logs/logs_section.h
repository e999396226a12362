#ifndef FECTL_MASTER_CONFIG_LOGS_LOGS_SECTION_H_
#define FECTL_MASTER_CONFIG_LOGS_LOGS_SECTION_H_

#include <string>

#include "master/config/load_result.h"
#include "master/config/section_reader.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// [logs]: what it says. Problems go to `result`, under `label`.
LogsConfig ReadLogs(const Table& table, std::string label, LoadResult* result);

// [service.logs] of the service that `reader` reads.
OutputConfig ReadServiceLogs(const Value& value, SectionReader* reader, LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_LOGS_LOGS_SECTION_H_
