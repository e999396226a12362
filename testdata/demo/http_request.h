// The head of one HTTP/1.x request, cut out of what has arrived so far. Pure.
#ifndef FECTL_TESTDATA_DEMO_HTTP_REQUEST_H_
#define FECTL_TESTDATA_DEMO_HTTP_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace demo {

// More than any client of a demonstration sends, little enough to keep for thousands of connections.
inline constexpr size_t kHeadBytesMax = 16 * 1024;
inline constexpr int kHeaderLinesMax = 100;
// Bodies are read and thrown away up to here, so that the connection can be kept.
inline constexpr uint64_t kBodyBytesMax = 1024 * 1024;

struct Request {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without the '?'
  bool keep_alive = false;
  bool says_keep_alive = true;  // HTTP/1.1; an answer to 1.0 has to say it
  bool says_close = false;      // "Connection: close": the client sends nothing more
  uint64_t body_bytes = 0;

  // The number of ?name=NUMBER, at most `max`; `otherwise` when it is not there or not a number.
  int64_t Number(std::string_view name, int64_t otherwise, int64_t max) const;
};

struct ParsedHead {
  enum class Outcome { kNeedMore, kRequest, kBad };
  Outcome outcome = Outcome::kNeedMore;
  Request request;   // kRequest
  size_t bytes = 0;  // kRequest: of the head; the body follows
  int status = 0;    // kBad: what to answer before closing
};

ParsedHead ParseHead(std::string_view received);

}  // namespace demo

#endif  // FECTL_TESTDATA_DEMO_HTTP_REQUEST_H_
