#ifndef MASTER_CORE_ARCHIVE_ARCHIVE_WRITER_H_
#define MASTER_CORE_ARCHIVE_ARCHIVE_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/archive/archive.h"

namespace fectl::core {

class ArchiveWriter {
 public:
  // With its length, so that one that was cut off is none.
  template <typename T>
  static std::string Write(const T& value) {
    ArchiveWriter writer;
    writer.PutWithLength(value);
    return std::move(writer.bytes_);
  }
  template <uint8_t... numbers, typename... Types>
  void operator()(NumberedField<numbers, Types>... fields) {
    static_assert(Ascend<numbers...>(), "numbers are from 1 to 31, each once, in their order");
    (PutMember<numbers>(fields.value), ...);
  }

 private:
  template <uint8_t... numbers>
  static consteval bool Ascend() {
    int last = 0;
    return ((numbers > std::exchange(last, numbers) && numbers < kNumbersEnd) && ...);
  }
  template <uint8_t number, typename T>
  void PutMember(const T& value) {
    if constexpr (ArchivedNumber<T>) {
      char raw[1 + sizeof(T)] = {static_cast<char>(number * 8 + std::countr_zero(sizeof(T)))};
      std::memcpy(&raw[1], &value, sizeof(T));
      bytes_.append(raw, sizeof(raw));
    } else {
      bytes_.push_back(static_cast<char>(number * 8 + kLongMember));
      PutWithLength(value);
    }
  }
  template <typename T>
  void PutWithLength(const T& value) {
    const size_t begin = bytes_.size();
    bytes_.append(sizeof(ArchivedLength), '\0');
    Put(value);
    const auto length = static_cast<ArchivedLength>(bytes_.size() - begin - sizeof(ArchivedLength));
    std::memcpy(&bytes_[begin], &length, sizeof(length));
  }
  template <ArchivedNumber T>
  void Put(const T& value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes_.append(raw, sizeof(raw));
  }
  void Put(const std::string& text) { bytes_ += text; }
  template <typename T>
  void Put(const std::vector<T>& values) {
    for (const T& value : values) {
      if constexpr (ArchivedNumber<T>) {
        Put(value);
      } else {
        PutWithLength(value);
      }
    }
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    if (!value.has_value()) return;
    bytes_.push_back(1);
    Put(*value);
  }
  template <typename... Types>
  void Put(const std::variant<Types...>& value) {
    bytes_.push_back(static_cast<char>(value.index()));
    std::visit([this](const auto& alternative) { Put(alternative); }, value);
  }
  void Put(const std::monostate& /*nothing*/) {}
  template <typename T>
  requires(std::is_class_v<T> && !ArchivedNumber<T>) void Put(const T& value) { T::Fields(*this, value); }

  std::string bytes_;
};

}  // namespace fectl::core

#endif  // MASTER_CORE_ARCHIVE_ARCHIVE_WRITER_H_
