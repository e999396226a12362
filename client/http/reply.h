// An answer, and its head as bytes.
#ifndef FECTL_CLIENT_HTTP_REPLY_H_
#define FECTL_CLIENT_HTTP_REPLY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fectl::http {

inline constexpr char kJson[] = "application/json; charset=utf-8";
inline constexpr char kPlainText[] = "text/plain; charset=utf-8";
// Since version 3 Prometheus takes nothing without a type that it knows.
inline constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr char kEventStream[] = "text/event-stream";

struct Reply {
  int status = 200;
  std::string type = kPlainText;
  // Shared: sixty-four clients that read slowly hold one copy.
  std::shared_ptr<const std::string> body = nullptr;
  std::string more_headers{};  // whole lines
};

Reply Plain(int status, std::string_view words);
Reply Json(int status, std::string text);

// The head that announces `reply`, with its empty line. `is_stream`: its length is not known; its end is the
// end of the connection. `now`: unix seconds.
std::string HeadOf(const Reply& reply, bool keep_alive, bool is_stream, int64_t now);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_REPLY_H_
