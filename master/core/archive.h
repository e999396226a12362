#ifndef MASTER_CORE_ARCHIVE_H_
#define MASTER_CORE_ARCHIVE_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fectl::core {

// Writing and reading of values with one description of each type: a type names its members once, in
//
//   template <typename Archive> static void Fields(Archive& archive, auto& self) { archive(self.a, self.b); }
//
// and both directions follow it, so that they cannot disagree. Numbers in this machine's own order: the
// reader is another process image on the same machine, never another host.

class ArchiveWriter {
 public:
  template <typename... Values>
  void operator()(const Values&... values) {
    (Put(values), ...);
  }
  std::string Take() { return std::move(bytes_); }

 private:
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void Put(const T& value) {
    std::array<char, sizeof(T)> raw;
    std::memcpy(raw.data(), &value, sizeof(T));
    bytes_.append(raw.data(), raw.size());
  }
  void Put(const std::string& text) {
    Put(static_cast<uint64_t>(text.size()));
    bytes_ += text;
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    Put(static_cast<uint64_t>(values.size()));
    for (const T& value : values) Put(value);
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  template <typename... Types>
  void Put(const std::variant<Types...>& value) {
    Put(static_cast<uint8_t>(value.index()));
    std::visit([this](const auto& alternative) { Put(alternative); }, value);
  }
  void Put(const std::monostate& /*nothing*/) {}
  template <typename T>
  requires std::is_class_v<T>
  void Put(const T& value) { T::Fields(*this, value); }

  std::string bytes_;
};

// After something that does not fit, every later value is empty and ok() is false: the caller looks once, at
// the end.
class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : rest_(bytes) {}

  template <typename... Values>
  void operator()(Values&... values) {
    (Get(values), ...);
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void Get(T& value) {
    if (rest_.size() < sizeof(T)) return Fail();
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  // What follows takes at least a byte for each element, so a count that cannot be true reserves nothing.
  size_t GetCount() {
    uint64_t count = 0;
    Get(count);
    if (count <= rest_.size()) return static_cast<size_t>(count);
    Fail();
    return 0;
  }
  void Get(bool& value) {
    uint8_t raw = 0;
    Get(raw);
    value = raw != 0;
  }
  void Get(std::string& text) {
    const size_t size = GetCount();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    const size_t count = GetCount();
    values.clear();
    for (size_t i = 0; i < count && ok_; ++i) {
      values.emplace_back();
      Get(values.back());
    }
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool has_value = false;
    Get(has_value);
    if (has_value) {
      value = T{};  // clang 14 refuses emplace() of a class within a class
      Get(*value);
    } else {
      value.reset();
    }
  }
  template <typename... Types>
  void Get(std::variant<Types...>& value) {
    uint8_t index = 0;
    Get(index);
    if (index >= sizeof...(Types)) return Fail();
    GetAlternative(value, index, std::index_sequence_for<Types...>());
  }
  template <typename Variant, size_t... Indices>
  void GetAlternative(Variant& value, size_t index, std::index_sequence<Indices...> /*of the types*/) {
    ((index == Indices ? Get(value.template emplace<Indices>()) : void()), ...);
  }
  void Get(std::monostate& /*nothing*/) {}
  template <typename T>
  requires std::is_class_v<T>
  void Get(T& value) { T::Fields(*this, value); }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_ARCHIVE_H_
