#ifndef FECTL_MASTER_CONFIG_SECTIONS_H_
#define FECTL_MASTER_CONFIG_SECTIONS_H_

#include <string>
#include <string_view>

#include "master/config/load_result.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// One section each: what it says, with defaults for what it does not say or says wrongly. Problems go to
// `result`, under `label`.
MasterConfig ReadMaster(const Table& table, std::string label, LoadResult* result);
LoggingConfig ReadLogging(const Table& table, std::string label, LoadResult* result);
SocketConfig ReadSocket(const Table& table, std::string label, LoadResult* result);

// `host` as written for `proto` (a TCP one), or why it cannot be one. Names are not looked up.
std::string WhatIsWrongWithHost(std::string_view host, SocketProto proto);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_SECTIONS_H_
