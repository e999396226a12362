#ifndef MASTER_CORE_ARCHIVE_ARCHIVE_READER_H_
#define MASTER_CORE_ARCHIVE_ARCHIVE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/archive/archive.h"

namespace fectl::core {

// Allocates no more than in proportion to the bytes, whatever they are.
class ArchiveReader {
 public:
  // Of all that ArchiveWriter::Write() gave, and nothing else. Where false is returned the value is to be
  // thrown away. What `value` held before should be its defaults.
  template <typename T>
  static bool Read(std::string_view bytes, T& value) {
    const std::optional<std::string_view> whole = TakeWithLength(bytes);
    return whole.has_value() && bytes.empty() && Get(*whole, value);
  }

  template <uint8_t... numbers, typename... Types>
  void operator()(NumberedField<numbers, Types>... fields) {
    (GetMember<numbers>(fields.value), ...);
  }

 private:
  explicit ArchiveReader(std::string_view members) : rest_(members) { Advance(); }

  static std::optional<std::string_view> TakeWithLength(std::string_view& bytes) {
    ArchivedLength length = 0;
    if (bytes.size() < sizeof(length)) return std::nullopt;
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes.remove_prefix(sizeof(length));
    if (bytes.size() < length) return std::nullopt;
    const std::string_view taken = bytes.substr(0, length);
    bytes.remove_prefix(length);
    return taken;
  }

  // To the next member. Numbers grow, so that what is there twice is refused.
  void Advance() {
    number_ = 0;
    if (rest_.empty()) return;
    const auto head = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    const uint8_t kind = head % 8;
    std::optional<std::string_view> value;
    if (kind == kLongMember) {
      value = TakeWithLength(rest_);
    } else if (const size_t size = size_t{1} << kind; kind < kLongMember && size <= rest_.size()) {
      value = rest_.substr(0, size);
      rest_.remove_prefix(size);
    }
    if (!value.has_value() || head / 8 <= newest_) return Fail();
    number_ = newest_ = head / 8;
    value_ = *value;
  }
  void Fail() {
    ok_ = false;
    number_ = 0;
    rest_ = {};
  }
  template <uint8_t number, typename T>
  void GetMember(T& value) {
    while (number_ != 0 && number_ < number) Advance();
    if (number_ != number) return;
    if (!Get(value_, value)) return Fail();
    Advance();
  }
  bool Finish() {
    while (number_ != 0) Advance();
    return ok_;
  }

  template <ArchivedNumber T>
  static bool Get(std::string_view bytes, T& value) {
    if (bytes.size() != sizeof(T)) return false;
    if constexpr (std::is_same_v<T, bool>) {
      value = bytes.front() == 1;
      return value || bytes.front() == 0;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> raw{};
      static_assert(std::is_unsigned_v<decltype(raw)>);
      std::memcpy(&raw, bytes.data(), sizeof(raw));
      if (raw > static_cast<decltype(raw)>(T::kLast)) return false;
      value = static_cast<T>(raw);
    } else {
      std::memcpy(&value, bytes.data(), sizeof(T));
    }
    return true;
  }
  static bool Get(std::string_view bytes, std::string& text) {
    text.assign(bytes);
    return true;
  }
  template <typename T>
  static bool Get(std::string_view bytes, std::vector<T>& values) {
    values.clear();
    while (!bytes.empty()) {
      std::optional<std::string_view> element;
      if constexpr (ArchivedNumber<T>) {
        element = bytes.substr(0, sizeof(T));
        bytes.remove_prefix(element->size());
      } else {
        element = TakeWithLength(bytes);
      }
      values.emplace_back();
      if (!element.has_value() || !Get(*element, values.back())) return false;
    }
    return true;
  }
  template <typename T>
  static bool Get(std::string_view bytes, std::optional<T>& value) {
    value.reset();
    if (bytes.empty()) return true;
    value = T{};  // clang 14 refuses emplace() of a class within a class
    return bytes.front() == 1 && Get(bytes.substr(1), *value);
  }
  template <typename... Types>
  static bool Get(std::string_view bytes, std::variant<Types...>& value) {
    return !bytes.empty() && GetAlternative(static_cast<uint8_t>(bytes.front()), bytes.substr(1), value,
                                            std::index_sequence_for<Types...>());
  }
  // False also where there is no such alternative.
  template <typename Variant, size_t... indices>
  static bool GetAlternative(size_t index, std::string_view bytes, Variant& value,
                             std::index_sequence<indices...> /*of the types*/) {
    return ((index == indices && Get(bytes, value.template emplace<indices>())) || ...);
  }
  static bool Get(std::string_view bytes, std::monostate& /*nothing*/) { return bytes.empty(); }
  template <typename T>
  requires(std::is_class_v<T> && !ArchivedNumber<T>) static bool Get(std::string_view bytes, T& value) {
    ArchiveReader members(bytes);
    T::Fields(members, value);
    return members.Finish();
  }

  std::string_view rest_;   // behind the member that comes next
  std::string_view value_;  // of that member
  uint8_t number_ = 0;      // its number; 0: there is none
  uint8_t newest_ = 0;      // the last number that was seen
  bool ok_ = true;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_ARCHIVE_ARCHIVE_READER_H_
