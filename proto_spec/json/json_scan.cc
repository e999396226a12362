#include "proto_spec/json/json_scan.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto_spec/base/utf8.h"
#include "proto_spec/json/json_tree.h"
#include "rapidjson/reader.h"

namespace fectl::proto {
namespace {

constexpr unsigned kScanFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

// RapidJSON's streams end at the first NUL byte or have no end at all; this one knows where it is.
class ViewStream {
 public:
  using Ch = char;
  explicit ViewStream(std::string_view text) : text_(text) {}
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char Take() { return at_ < text_.size() ? text_[at_++] : '\0'; }
  size_t Tell() const { return at_; }
  // Part of the interface that RapidJSON compiles against; for in-place parsing only.
  char* PutBegin() { return nullptr; }
  void Put(char) {}
  void Flush() {}
  size_t PutEnd(char*) { return 0; }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// RapidJSON looks at exponents alone (99999e304 comes out as infinity), and its arithmetic on exponents
// overflows for long numbers. What passes here is safe to give to it.
constexpr size_t kNumberBytesMax = 100;

// Why a number, which is well-formed, is refused; nullptr if it is not.
const char* NumberRefusal(std::string_view number) {
  if (number.size() > kNumberBytesMax) return "a number is too long";
  double value = 0;
  // Refuses, besides what is too large, what would silently become 0.
  const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
  return result.ec == std::errc() && std::isfinite(value) ? nullptr : "a number is out of range";
}

// Receives the parser's events. Notes the two members of the outermost object, and stops the parser by
// returning false.
class ScanEvents {
 public:
  ScanEvents(std::string_view text, const ViewStream& stream, size_t nesting_max, JsonScan* scan)
      : text_(text), stream_(stream), nesting_max_(nesting_max), scan_(scan) {}

  const char* refusal() const { return refusal_; }

  bool Null() { return Value(stream_.Tell()); }
  bool Bool(bool) { return Value(stream_.Tell()); }
  bool RawNumber(const char* characters, rapidjson::SizeType length, bool) {
    refusal_ = NumberRefusal(std::string_view(characters, length));
    return refusal_ == nullptr && Value(stream_.Tell());
  }
  // Numbers arrive as text only (kParseNumbersAsStringsFlag).
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  bool String(const char* characters, rapidjson::SizeType length, bool) {
    const std::string_view text(characters, length);
    if (!CheckString(text)) return false;
    if (depth_ == 1 && member_ == Member::kCmd) {
      scan_->cmd_is_string = true;
      scan_->cmd = text;
    }
    return Value(stream_.Tell());
  }
  bool Key(const char* characters, rapidjson::SizeType length, bool) {
    const std::string_view name(characters, length);
    if (!CheckString(name)) return false;
    if (depth_ != 1) return true;
    member_ = name == "cmd" ? Member::kCmd : name == "data" ? Member::kData : Member::kOther;
    member_begin_ = stream_.Tell();
    if (member_ == Member::kCmd) {
      ++scan_->cmd_count;
      scan_->cmd_is_string = false;
    } else if (member_ == Member::kData) {
      ++scan_->data_count;
    }
    return true;
  }
  bool StartObject() {
    if (depth_ == 0) scan_->is_object = true;
    return Down();
  }
  bool StartArray() { return Down(); }
  // The closing bracket has been seen but not yet taken.
  bool EndObject(rapidjson::SizeType) { return Up(); }
  bool EndArray(rapidjson::SizeType) { return Up(); }

 private:
  enum class Member { kOther, kCmd, kData };

  // RapidJSON pairs high surrogates only: "\udc00" alone comes out as a character that UTF-8 does not have.
  bool CheckString(std::string_view text) {
    if (base::IsUtf8(text)) return true;
    refusal_ = "an unpaired surrogate";
    return false;
  }
  bool Down() {
    if (++depth_ <= nesting_max_) return true;
    refusal_ = "nested too deeply";
    return false;
  }
  bool Up() {
    --depth_;
    return Value(stream_.Tell() + 1);
  }
  bool Value(size_t end) {
    if (depth_ != 1 || member_ != Member::kData) return true;
    std::string_view raw = text_.substr(member_begin_, end - member_begin_);
    // What stands between the key and its value: spaces, one colon, spaces.
    raw.remove_prefix(raw.find_first_not_of(" \t\r\n:"));
    scan_->data = raw;
    return true;
  }

  std::string_view text_;
  const ViewStream& stream_;
  size_t nesting_max_;
  JsonScan* scan_;
  const char* refusal_ = nullptr;
  size_t depth_ = 0;
  Member member_ = Member::kOther;
  size_t member_begin_ = 0;
};

const char* Reason(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "nothing there";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "more than one value";
    case rapidjson::kParseErrorObjectMissName:
      return "a member's name is missing";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a bad escape or a bare control character in a string";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "an unpaired surrogate";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string does not end";
    case rapidjson::kParseErrorNumberTooBig:
      return "a number is out of range";
    case rapidjson::kParseErrorNumberMissFraction:
    case rapidjson::kParseErrorNumberMissExponent:
      return "a number is not complete";
    default:
      return "no value";
  }
}

}  // namespace

absl::Status ScanJson(std::string_view text, size_t nesting_max, JsonScan* scan) {
  if (!base::IsUtf8(text)) return absl::InvalidArgumentError("not UTF-8");
  ViewStream stream(text);
  ScanEvents events(text, stream, nesting_max, scan);
  JsonAllocator allocator;
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator> reader(&allocator);
  const rapidjson::ParseResult result = reader.Parse<kScanFlags>(stream, events);
  if (events.refusal() != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("not accepted as JSON (", events.refusal(), ", at byte ", stream.Tell(), ")"));
  }
  if (result.IsError()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON (", Reason(result.Code()), ", at byte ", result.Offset(), ")"));
  }
  // RapidJSON takes a NUL byte after the value for the end of the text.
  if (stream.Tell() != text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON (more than one value, at byte ", stream.Tell(), ")"));
  }
  return absl::OkStatus();
}

}  // namespace fectl::proto
