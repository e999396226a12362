// Trees of JSON text by RapidJSON, configured for untrusted input: memory from operator new in proportion to
// the text, no recursion.
#ifndef FECTL_PROTO_SPEC_JSON_JSON_TREE_H_
#define FECTL_PROTO_SPEC_JSON_JSON_TREE_H_

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "rapidjson/document.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"

namespace fectl::proto {

// RapidJSON's own allocator calls malloc and does not notice when that fails.
class JsonAllocator {
 public:
  static constexpr bool kNeedFree = true;
  void* Malloc(size_t bytes) { return bytes == 0 ? nullptr : ::operator new(bytes); }
  void* Realloc(void* old, size_t old_bytes, size_t bytes) {
    void* grown = Malloc(bytes);
    if (grown != nullptr && old != nullptr) std::memcpy(grown, old, std::min(old_bytes, bytes));
    Free(old);
    return grown;
  }
  static void Free(void* memory) { ::operator delete(memory); }
};

// Builds a document, but for its numbers: those are read here. RapidJSON's own conversion shifts by the
// leading zeros of a mantissa, which a zero with an exponent (0E84) does not have.
template <typename Document>
class TreeEvents {
 public:
  explicit TreeEvents(Document* document) : document_(document) {}

  bool Null() { return document_->Null(); }
  bool Bool(bool value) { return document_->Bool(value); }
  bool RawNumber(const char* characters, rapidjson::SizeType length, bool /*copy*/) {
    const std::string_view text(characters, length);
    if (int64_t value = 0; ReadWhole(text, &value)) return document_->Int64(value);
    if (uint64_t value = 0; ReadWhole(text, &value)) return document_->Uint64(value);
    double value = 0;
    return ReadWhole(text, &value) && document_->Double(value);
  }
  bool String(const char* characters, rapidjson::SizeType length, bool copy) {
    return document_->String(characters, length, copy);
  }
  bool Key(const char* characters, rapidjson::SizeType length, bool copy) {
    return document_->Key(characters, length, copy);
  }
  bool StartObject() { return document_->StartObject(); }
  bool EndObject(rapidjson::SizeType members) { return document_->EndObject(members); }
  bool StartArray() { return document_->StartArray(); }
  bool EndArray(rapidjson::SizeType elements) { return document_->EndArray(elements); }
  // Numbers arrive as text only (kParseNumbersAsStringsFlag).
  bool Int(int /*value*/) { return false; }
  bool Uint(unsigned /*value*/) { return false; }
  bool Int64(int64_t /*value*/) { return false; }
  bool Uint64(uint64_t /*value*/) { return false; }
  bool Double(double /*value*/) { return false; }

 private:
  template <typename Number>
  static bool ReadWhole(std::string_view text, Number* value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return error == std::errc() && end == text.data() + text.size();
  }

  Document* document_;
};

// The tree of a text that has been checked before (json_scan.h): parsing it cannot fail. Needs at most some
// 40 bytes of memory for each byte of text.
class JsonTree {
 public:
  using Pool = rapidjson::MemoryPoolAllocator<JsonAllocator>;
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool, JsonAllocator>;
  using Value = Document::ValueType;

  explicit JsonTree(std::string_view checked)
      : pool_(std::clamp<size_t>(checked.size(), 256, 65536)), document_(&pool_, 256) {
    // Iterative: the depth of the text is not the depth of our stack.
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    auto parse = [checked](Document& document) {
      JsonAllocator allocator;
      rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator> reader(&allocator);
      rapidjson::MemoryStream stream(checked.data(), checked.size());
      TreeEvents<Document> events(&document);
      return !reader.Parse<kFlags>(stream, events).IsError();
    };
    document_.Populate(parse);
  }
  JsonTree(const JsonTree&) = delete;
  JsonTree& operator=(const JsonTree&) = delete;

  const Value& root() const { return document_; }

 private:
  Pool pool_;
  Document document_;
};

inline std::string_view Text(const JsonTree::Value& string) {
  return std::string_view(string.GetString(), string.GetStringLength());
}

// A member of an object; nullptr if it is absent. Of two with one name the last one counts, as most peers
// have it.
const JsonTree::Value* FindMember(const JsonTree::Value& object, std::string_view name);

// The members of an object of numbers, in order; one that comes twice has its first place and its last value.
// nullopt when the value is not an object, or when one of its members is not a number.
std::optional<std::vector<std::pair<std::string, double>>> ReadNumbers(const JsonTree::Value& value);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_JSON_JSON_TREE_H_
