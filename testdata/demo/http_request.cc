#include "testdata/demo/http_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace demo {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

// By byte: it may stand in a token. Each byte of a head is looked at, and a search for it would cost more
// than all else.
constexpr std::array<bool, 256> kInToken = [] {
  std::array<bool, 256> found{};
  for (unsigned char c = '0'; c <= '9'; ++c) found[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) found[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) found[c] = true;
  for (const unsigned char c : kTokenMarks) found[c] = true;
  return found;
}();

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return kInToken[c]; });
}

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

// Whether it is `word`, which is in lower case, in any case.
bool Is(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char c, char lower) {
           return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
         });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename T>
std::optional<T> Decimal(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text[0] == '-')
    return std::nullopt;
  return value;
}

// "a, b": is `word` one of them?
bool Lists(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    if (Is(Trim(value.substr(0, comma)), word)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

// 0, or the status to refuse with.
int ParseRequestLine(std::string_view line, Request* request) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method) || target.empty() || target[0] != '/' || !IsVisible(target)) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return version.starts_with("HTTP/") ? 505 : 400;
  request->method = method;
  const size_t question = std::min(target.find('?'), target.size());
  request->path = target.substr(0, question);
  request->query = target.substr(std::min(question + 1, target.size()));
  request->says_keep_alive = version == "HTTP/1.1";
  request->keep_alive = request->says_keep_alive;
  return 0;
}

struct Seen {
  int hosts = 0;
  bool length = false;
};

int ParseHeaderLine(std::string_view line, Request* request, Seen* seen) {
  const size_t colon = line.find(':');
  // No folded lines and no blank before the colon: two servers could read them in two ways.
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return 400;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (value.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) return 400;
  if (Is(name, "host")) ++seen->hosts;
  if (Is(name, "connection")) {
    if (Lists(value, "close")) request->says_close = true;
    if (Lists(value, "keep-alive") && !request->says_keep_alive) request->keep_alive = true;
    if (request->says_close) request->keep_alive = false;
  }
  if (Is(name, "transfer-encoding")) return 501;
  if (Is(name, "content-length")) {
    const auto length = Decimal<uint64_t>(value);
    if (!length || (seen->length && *length != request->body_bytes)) return 400;
    if (*length > kBodyBytesMax) return 413;
    seen->length = true;
    request->body_bytes = *length;
  }
  return 0;
}

}  // namespace

int64_t Request::Number(std::string_view name, int64_t otherwise, int64_t max) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return std::min(Decimal<int64_t>(pair.substr(name.size() + 1)).value_or(otherwise), max);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return otherwise;
}

ParsedHead ParseHead(std::string_view received) {
  ParsedHead head;
  const auto bad = [&head](int status) {
    head.outcome = ParsedHead::Outcome::kBad;
    head.status = status;
    return head;
  };
  size_t at = 0;
  // Empty lines before a request are to be tolerated: old clients end a body with one.
  while (received.substr(at).starts_with(kLineEnd)) at += kLineEnd.size();
  const size_t end = received.find("\r\n\r\n", at);
  if ((end == std::string_view::npos ? received.size() : end) > kHeadBytesMax) return bad(431);
  if (end == std::string_view::npos) return head;

  Seen seen;
  for (int lines = 0; at < end + kLineEnd.size(); ++lines) {
    if (lines > kHeaderLinesMax) return bad(431);
    const size_t line_end = received.find(kLineEnd, at);
    const std::string_view line = received.substr(at, line_end - at);
    const int status =
        lines == 0 ? ParseRequestLine(line, &head.request) : ParseHeaderLine(line, &head.request, &seen);
    if (status != 0) return bad(status);
    at = line_end + kLineEnd.size();
  }
  if (seen.hosts > 1 || (seen.hosts == 0 && head.request.says_keep_alive)) return bad(400);
  head.outcome = ParsedHead::Outcome::kRequest;
  head.bytes = end + 4;
  return head;
}

}  // namespace demo
