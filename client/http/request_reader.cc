#include "client/http/request_reader.h"

#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/parser.hpp"

namespace fectl::http {
namespace {

namespace beast = boost::beast::http;
using Parser = beast::request_parser<beast::empty_body>;

std::string Text(boost::beast::string_view view) {
  return std::string(view.data(), view.size());
}

Unreadable Words(const boost::system::error_code& error) {
  if (error == beast::error::header_limit) {
    return {431, "the head of a request has at most " + std::to_string(kHeadBytesMax) + " bytes"};
  }
  if (error == beast::error::body_limit || error == beast::error::unexpected_body) {
    return {413, "requests have no body here"};
  }
  return {400, "this is no HTTP request: " + error.message()};
}

std::variant<std::monostate, Request, Unreadable> Read(const Parser::value_type& message) {
  if (message.version() != 10 && message.version() != 11) return Unreadable{505, "HTTP/1.1 is spoken here"};
  Request request;
  if (message.method() == beast::verb::head) {
    request.method = Request::Method::kHead;
  } else if (message.method() != beast::verb::get) {
    request.method = Request::Method::kOther;
  }
  request.target = Text(message.target());
  const size_t hosts = message.count(beast::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) {
    return Unreadable{400, "a request of HTTP/1.1 has exactly one Host"};
  }
  if (hosts == 1) request.host = Text(message[beast::field::host]);
  request.last_event_id = Text(message["Last-Event-ID"]);
  request.keep_alive = message.keep_alive();
  return request;
}

}  // namespace

struct RequestReader::Impl {
  std::string bytes;
  std::optional<Parser> parser;
  bool broken = false;
};

RequestReader::RequestReader() : impl_(std::make_unique<Impl>()) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

void RequestReader::Append(std::string_view bytes) {
  if (!impl_->broken) impl_->bytes += bytes;
}

bool RequestReader::has_begun() const {
  return !impl_->bytes.empty() || impl_->parser.has_value();
}

std::variant<std::monostate, Request, Unreadable> RequestReader::Next() {
  while (!impl_->broken && !impl_->bytes.empty()) {
    if (!impl_->parser.has_value()) {
      impl_->parser.emplace();
      impl_->parser->header_limit(static_cast<std::uint32_t>(kHeadBytesMax));
      impl_->parser->body_limit(std::uint64_t{0});
    }
    boost::system::error_code error;
    const size_t taken =
        impl_->parser->put(boost::asio::const_buffer(impl_->bytes.data(), impl_->bytes.size()), error);
    impl_->bytes.erase(0, taken);
    if (error == beast::error::need_more) return std::monostate();
    if (error) {
      impl_->broken = true;
      return Words(error);
    }
    if (!impl_->parser->is_done()) {
      if (taken == 0) return std::monostate();
      continue;
    }
    auto read = Read(impl_->parser->get());
    impl_->broken = std::holds_alternative<Unreadable>(read);
    impl_->parser.reset();
    return read;
  }
  return std::monostate();
}

}  // namespace fectl::http
