// HTTP requests from bytes. The grammar is Boost.Beast's, which is included by the source of this header and
// nowhere else: it takes seconds to compile.
#ifndef FECTL_CLIENT_HTTP_REQUEST_READER_H_
#define FECTL_CLIENT_HTTP_REQUEST_READER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fectl::http {

// What browsers and proxies send is a tenth of it.
inline constexpr size_t kHeadBytesMax = 8 * 1024;

struct Request {
  enum class Method { kGet, kHead, kOther };
  Method method = Method::kGet;
  std::string target{};               // as it was sent: "/api/v1/events?since=1"
  std::optional<std::string> host{};  // nullopt: there was none, as HTTP/1.0 allows
  std::string last_event_id{};
  bool keep_alive = true;

  friend bool operator==(const Request&, const Request&) = default;
};

// What came is no request that can be answered, and where the next one would begin is not known.
struct Unreadable {
  int status = 400;
  std::string words{};  // for the one who sent it

  friend bool operator==(const Unreadable&, const Unreadable&) = default;
};

class RequestReader {
 public:
  RequestReader();
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  void Append(std::string_view bytes);
  // The next whole request; monostate: more is needed. After an Unreadable there is nothing more.
  std::variant<std::monostate, Request, Unreadable> Next();
  // Something was appended that belongs to no request that was given out.
  bool has_begun() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_REQUEST_READER_H_
