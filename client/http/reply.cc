#include "client/http/reply.h"

#include <time.h>

#include <utility>

namespace fectl::http {
namespace {

// What is shown here is of this moment, for this server's own page, and for nobody's frame.
constexpr char kAlways[] =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; connect-src 'self'; font-src 'none'; img-src 'self'; "
    "script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n";

std::string_view Phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Answer";
  }
}

std::string DateText(int64_t now) {
  const time_t seconds = now;
  tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[64];
  // Names of days and months are English in the "C" locale, which this program never leaves.
  const size_t size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, size);
}

}  // namespace

Reply Plain(int status, std::string_view words) {
  Reply reply;
  reply.status = status;
  reply.body = std::make_shared<const std::string>(std::string(words) + "\n");
  return reply;
}

Reply Json(int status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.type = kJson;
  text.push_back('\n');
  reply.body = std::make_shared<const std::string>(std::move(text));
  return reply;
}

std::string HeadOf(const Reply& reply, bool keep_alive, bool is_stream, int64_t now) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  head += Phrase(reply.status);
  head += "\r\nDate: " + DateText(now) + "\r\nContent-Type: " + reply.type + "\r\n";
  if (!is_stream) {
    const size_t bytes = reply.body == nullptr ? 0 : reply.body->size();
    head += "Content-Length: " + std::to_string(bytes) + "\r\n";
  }
  head += reply.more_headers;
  head += kAlways;
  head += keep_alive && !is_stream ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace fectl::http
