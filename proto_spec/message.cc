#include "proto_spec/message.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto_spec/json/json_scan.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::proto {
namespace {

constexpr size_t kQuotedBytesMax = 64;

absl::Status Refuse(std::string_view reason, std::string_view payload) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::string_view(reason.data(), reason.size()), ": ", QuotedStart(payload)));
}

}  // namespace

absl::StatusOr<Envelope> DecodeEnvelope(std::string_view payload) {
  if (payload.empty()) return absl::InvalidArgumentError("an empty frame");
  JsonScan scan;
  if (absl::Status status = ScanJson(payload, kNestingMax, &scan); !status.ok()) {
    return Refuse(std::string_view(status.message().data(), status.message().size()), payload);
  }
  if (!scan.is_object) return Refuse("not a JSON object", payload);
  if (scan.cmd_count == 0) return Refuse("no \"cmd\"", payload);
  // Peers disagree on which of two members counts; a message that means two things means nothing.
  if (scan.cmd_count > 1) return Refuse("\"cmd\" comes twice", payload);
  if (scan.data_count > 1) return Refuse("\"data\" comes twice", payload);
  if (!scan.cmd_is_string) return Refuse("\"cmd\" is not a string", payload);
  Envelope envelope{.cmd = std::move(scan.cmd), .data = scan.data};
  if (envelope.data == "null") envelope.data = {};
  return envelope;
}

std::string EncodeEnvelope(std::string_view cmd, std::string_view data_json) {
  JsonText json;
  json.BeginObject();
  json.Key("cmd");
  json.String(cmd);
  if (!data_json.empty()) {
    json.Key("data");
    json.Raw(data_json);
  }
  json.EndObject();
  return json.Take();
}

absl::StatusOr<std::string> DataString(std::string_view data) {
  // The first byte tells the type, so that no tree is built of what is refused anyway.
  if (data.empty() || data.front() != '"') return Refuse("\"data\" is not a string", data);
  return std::string(Text(JsonTree(data).root()));
}

absl::StatusOr<std::vector<std::string>> DataStrings(std::string_view data) {
  if (data.empty() || data.front() != '[') return Refuse("\"data\" is not an array of strings", data);
  const JsonTree tree(data);
  std::vector<std::string> texts;
  for (const JsonTree::Value& item : tree.root().GetArray()) {
    if (!item.IsString()) return Refuse("\"data\" is not an array of strings", data);
    texts.emplace_back(Text(item));
  }
  return texts;
}

absl::StatusOr<std::vector<std::pair<std::string, double>>> DataNumbers(std::string_view data) {
  constexpr std::string_view kReason = "\"data\" is not an object of numbers";
  if (data.empty() || data.front() != '{') return Refuse(kReason, data);
  auto numbers = ReadNumbers(JsonTree(data).root());
  if (!numbers.has_value()) return Refuse(kReason, data);
  return *std::move(numbers);
}

std::string JsonString(std::string_view text) {
  JsonText json;
  json.String(text);
  return json.Take();
}

std::string JsonStrings(const std::vector<std::string>& texts) {
  JsonText json;
  json.BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
  return json.Take();
}

bool ValidJson(std::string_view text) {
  JsonScan scan;
  // One level less: the envelope around it counts too.
  return ScanJson(text, kNestingMax - 1, &scan).ok();
}

std::string QuotedStart(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (char character : bytes.substr(0, kQuotedBytesMax)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte >= 0x7f) {
      quoted.append("\\x");
      quoted.push_back(kHex[byte >> 4]);
      quoted.push_back(kHex[byte & 0xf]);
    } else {
      if (character == '"' || character == '\\') quoted.push_back('\\');
      quoted.push_back(character);
    }
  }
  quoted.append(bytes.size() > kQuotedBytesMax ? "\"..." : "\"");
  return quoted;
}

}  // namespace fectl::proto
