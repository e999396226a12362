#include "client/http/site.h"

#include <cstddef>

#include "client/http/assets.h"
#include "client/http/host_check.h"

namespace fectl::http {
namespace {

constexpr std::string_view kReadyPath = "/readyz";

}  // namespace

Route RouteOf(std::string_view target) {
  Route route;
  const size_t mark = target.find('?');
  route.path = target.substr(0, mark);
  if (mark != std::string_view::npos) route.query = target.substr(mark + 1);
  if (route.path == "/metrics") {
    route.kind = Route::Kind::kMetrics;
  } else if (route.path == "/healthz") {
    route.kind = Route::Kind::kHealth;
  } else if (route.path == kReadyPath) {
    route.kind = Route::Kind::kReady;
  } else if (route.path.starts_with("/readyz/") && route.path.size() > kReadyPath.size() + 1) {
    // Names of services are letters, digits, '.', '_' and '-', so nothing in them is ever escaped.
    route.kind = Route::Kind::kReady;
    route.service = route.path.substr(kReadyPath.size() + 1);
  } else if (route.path == "/api/v1/status") {
    route.kind = Route::Kind::kStatus;
  } else if (route.path == "/api/v1/events") {
    route.kind = Route::Kind::kEvents;
  } else if (AssetAt(route.path) != nullptr) {
    route.kind = Route::Kind::kAsset;
  }
  return route;
}

std::optional<Reply> RefusalOf(const Request& request, const std::vector<std::string>& hosts,
                               std::string_view local_address) {
  if (!IsForUs(request.host.value_or(""), hosts, local_address)) {
    return Plain(421, "this server is not the host that was asked for; fectl-http --host=NAME allows a name");
  }
  if (request.method == Request::Method::kOther) {
    Reply reply =
        Plain(405, "only GET and HEAD are answered: fectld is looked at here, and operated by fectl");
    reply.more_headers = "Allow: GET, HEAD\r\n";
    return reply;
  }
  if (RouteOf(request.target).kind == Route::Kind::kNone) {
    return Plain(404,
                 "nothing is here; try /, /metrics, /healthz, /readyz, /api/v1/status or /api/v1/events");
  }
  return std::nullopt;
}

}  // namespace fectl::http
