#include "client/http/site.h"

#include <cstddef>

#include "client/http/assets.h"
#include "client/http/host_check.h"

namespace fectl::http {
namespace {

// Names of services are letters, digits, '.', '_' and '-', so nothing in them is ever escaped.
constexpr size_t kNameBytesMax = 64;

// The name behind `folder`, if that is what `path` is.
bool TakeName(std::string_view path, std::string_view folder, std::string_view* name) {
  if (!path.starts_with(folder) || path.size() == folder.size()) return false;
  *name = path.substr(folder.size());
  return name->size() <= kNameBytesMax && name->find('/') == std::string_view::npos;
}

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
  } else if (route.path == "/readyz" || TakeName(route.path, "/readyz/", &route.service)) {
    route.kind = Route::Kind::kReady;
  } else if (route.path == "/api/v1/status") {
    route.kind = Route::Kind::kStatus;
  } else if (TakeName(route.path, "/api/v1/status/", &route.service)) {
    route.kind = Route::Kind::kService;
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
