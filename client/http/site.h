// What is to be had here: paths, and what is refused whatever the path. Pure.
#ifndef FECTL_CLIENT_HTTP_SITE_H_
#define FECTL_CLIENT_HTTP_SITE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/reply.h"
#include "client/http/request_reader.h"

namespace fectl::http {

struct Route {
  enum class Kind { kNone, kAsset, kMetrics, kHealth, kReady, kStatus, kService, kEvents };
  Kind kind = Kind::kNone;
  std::string_view service{};  // kReady, kService: of it alone; empty: of all
  std::string_view path{};     // without the query
  std::string_view query{};

  friend bool operator==(const Route&, const Route&) = default;
};
// The views are into `target`.
Route RouteOf(std::string_view target);

// Other methods, other hosts, paths that there are not. nullopt: it may be answered.
std::optional<Reply> RefusalOf(const Request& request, const std::vector<std::string>& hosts,
                               std::string_view local_address);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_SITE_H_
