// Writes JSON text without spaces, in the order of the calls. Pure.
//
//   JsonText json;
//   json.BeginObject();
//   json.Key("pid"), json.Integer(42);
//   json.EndObject();
//   send(json.Take());
#ifndef FECTL_PROTO_SPEC_JSON_JSON_TEXT_H_
#define FECTL_PROTO_SPEC_JSON_JSON_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fectl::proto {

// The caller keeps the grammar (a key before each member's value, every Begin ended); commas are put here.
class JsonText {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { text_.push_back('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { text_.push_back(']'); }

  void Key(std::string_view name);
  // Invalid UTF-8 becomes U+FFFD. Escaped are the quote, the backslash and what is below U+0020, nothing
  // else.
  void String(std::string_view text);
  void Integer(int64_t value);
  // The shortest text that reads back as the same double; whole numbers below 10^15 have neither point nor
  // exponent. `value` must be finite.
  void Number(double value);
  void Null() { Raw("null"); }
  // One JSON value as it stands.
  void Raw(std::string_view json);

  size_t size() const { return text_.size(); }
  std::string Take() { return std::move(text_); }

 private:
  void Open(char bracket);
  void Separate();
  std::string text_;
};

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_JSON_JSON_TEXT_H_
