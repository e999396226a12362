// The metrics of a fectld, from what its control socket tells.
#ifndef FECTL_CLIENT_HTTP_METRICS_METRICS_H_
#define FECTL_CLIENT_HTTP_METRICS_METRICS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/http/metrics/slot_table.h"
#include "proto_spec/control_status.h"

namespace fectl::http {

// `view`: the answer to Workers, which `slots` has taken. `drift`: files of the configuration were changed
// since they were read; nullopt: that is not known.
std::string MetricsOf(const proto::MasterView& view, const SlotTable& slots, std::optional<bool> drift);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_METRICS_METRICS_H_
