#include "client/http/event_frames.h"

#include <charconv>
#include <system_error>
#include <variant>

#include "absl/status/status.h"
#include "proto_spec/json/json_text.h"

namespace fectl::http {
namespace {

// Of what is known of numbers of boots.
constexpr size_t kBootBytesMax = 64;
constexpr size_t kTypesMax = 64;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Of application/x-www-form-urlencoded. What is no escape stays.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    if (escaped) {
      decoded.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

bool TakeTypes(std::string_view list, proto::EventsRequest* request) {
  while (!list.empty()) {
    const std::string_view type = list.substr(0, list.find(','));
    list.remove_prefix(type.size() == list.size() ? type.size() : type.size() + 1);
    if (type.empty() || request->types.size() == kTypesMax) return false;
    request->types.emplace_back(type);
  }
  return !request->types.empty();
}

void TakePlace(const Place& place, proto::EventsRequest* request) {
  request->after = place.seq;
  request->boot = place.boot;
}

// False: the value is no such one.
bool Take(std::string_view name, const std::string& value, proto::EventsRequest* request) {
  if (name == "after") {
    const std::optional<Place> place = ParsePlace(value);
    if (place.has_value()) TakePlace(*place, request);
    return place.has_value();
  }
  if (name == "since") {
    request->since_ms = ParseNumber<int64_t>(value);
    return request->since_ms.has_value() && *request->since_ms >= 0;
  }
  return name == "types" && TakeTypes(value, request);
}

std::string Frame(std::string_view fields, std::string_view json) {
  std::string frame(fields);
  frame += "data: ";
  // A line would end the field. In JSON text none can stand but between its parts.
  for (const char c : json) frame.push_back(c == '\n' || c == '\r' ? ' ' : c);
  frame += "\n\n";
  return frame;
}

struct Framer {
  std::string operator()(const proto::EventLine& event) const {
    return Frame("id: " + PlaceText({event.seq, event.boot}) + "\n", event.json);
  }
  std::string operator()(const proto::EventGap& gap) const {
    proto::JsonText json;
    json.BeginObject();
    json.Key("type"), json.String("gap");
    json.Key("from"), json.Integer(static_cast<int64_t>(gap.from));
    json.Key("to"), json.Integer(static_cast<int64_t>(gap.to));
    json.EndObject();
    return Frame("", json.Take());
  }
  std::string operator()(const proto::LogError& error) const {
    proto::JsonText json;
    json.BeginObject();
    json.Key("message"), json.String(error.message);
    json.EndObject();
    return Frame("event: refused\n", json.Take());
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

}  // namespace

std::string PlaceText(const Place& place) {
  std::string text = std::to_string(place.seq);
  if (place.boot.empty()) return text;
  text.push_back('-');
  for (const char c : place.boot) {
    if (c > ' ' && c < 0x7f) text.push_back(c);
  }
  return text;
}

std::optional<Place> ParsePlace(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint64_t> seq = ParseNumber<uint64_t>(text.substr(0, dash));
  if (!seq.has_value()) return std::nullopt;
  if (dash == std::string_view::npos) return Place{*seq, ""};
  const std::string_view boot = text.substr(dash + 1);
  if (boot.empty() || boot.size() > kBootBytesMax) return std::nullopt;
  return Place{*seq, std::string(boot)};
}

absl::StatusOr<proto::EventsRequest> EventsRequestOf(std::string_view query, std::string_view last_event_id) {
  proto::EventsRequest request;
  request.follow = true;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(part.size() == query.size() ? part.size() : part.size() + 1);
    const size_t equals = part.find('=');
    const std::string value = equals == std::string_view::npos ? "" : Decoded(part.substr(equals + 1));
    if (!Take(part.substr(0, equals), value, &request)) {
      return absl::InvalidArgumentError(
          "take after=NUMBER-BOOT, since=MILLISECONDS and types=NAME,NAME; not what stands there for \"" +
          std::string(part.substr(0, 64)) + "\"");
    }
  }
  if (!last_event_id.empty()) {
    const std::optional<Place> place = ParsePlace(last_event_id);
    if (!place.has_value()) {
      return absl::InvalidArgumentError(
          "Last-Event-ID is none of this server: take NUMBER-BOOT, or leave it out");
    }
    TakePlace(*place, &request);
    request.since_ms.reset();
  }
  request.now = !request.after.has_value() && !request.since_ms.has_value();
  return request;
}

std::string FrameOf(const proto::LogAnswer& answer) {
  return std::visit(Framer(), answer);
}

}  // namespace fectl::http
