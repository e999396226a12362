#ifndef FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_SECTION_H_
#define FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_SECTION_H_

#include "master/config/load_result.h"
#include "master/config/rollout/rollout_config.h"
#include "master/config/section_reader.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// Reads [service.rollout] and [service.recycle], which are `value` in the section that `reader` reads. Notes
// what is wrong in `result`.
RolloutConfig ReadRollout(const Value& value, SectionReader* reader, LoadResult* result);
RecycleConfig ReadRecycle(const Value& value, SectionReader* reader, LoadResult* result);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_SECTION_H_
