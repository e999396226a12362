// Trees of JSON text by RapidJSON, configured for untrusted input: memory from operator new in proportion to
// the text, no recursion.
#ifndef FECTL_PROTO_SPEC_JSON_TREE_H_
#define FECTL_PROTO_SPEC_JSON_TREE_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rapidjson/document.h"

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

// Iterative: the depth of the text is not the depth of our stack. Full precision: a double means the same to
// all peers. everywhere.
inline constexpr unsigned kJsonParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;

// The tree of a text that has been checked before (json_scan.h): parsing it cannot fail. Needs at most some
// 40 bytes of memory for each byte of text.
class JsonTree {
 public:
  using Pool = rapidjson::MemoryPoolAllocator<JsonAllocator>;
  using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool, JsonAllocator>;
  using Value = Document::ValueType;

  explicit JsonTree(std::string_view checked)
      : pool_(std::clamp<size_t>(checked.size(), 256, 65536)), document_(&pool_, 256) {
    document_.Parse<kJsonParseFlags>(checked.data(), checked.size());
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

#endif  // FECTL_PROTO_SPEC_JSON_TREE_H_
