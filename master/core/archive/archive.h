#ifndef MASTER_CORE_ARCHIVE_ARCHIVE_H_
#define MASTER_CORE_ARCHIVE_ARCHIVE_H_

#include <cstdint>
#include <type_traits>

namespace fectl::core {

// The description of a type for writing (archive_writer.h) and reading (archive_reader.h). A type names its
// members once, with their numbers, in
//
//   template <typename Archive> static void Fields(Archive& archive, auto& self) {
//     archive(Field<1>(self.a), Field<2>(self.b));
//   }
//
// and both directions follow it, so that they cannot disagree. A member that the reader does not know is
// skipped, one that is missing keeps what it has by default. So a member can be added under a new number; the
// number of one that is given up is not used again. As written, a member is
//
//   one byte:   its number * 8 + 0, 1, 2 or 3 for a value of 1, 2, 4 or 8 bytes; + 4 for any other
//   four bytes: how long the value is, in the latter case only
//   the value
//
// Values: numbers and enumerators as in memory (the reader is another process image on the same machine,
// never another host); texts as they are; objects as their members; of a vector numbers one after the other,
// anything else with four bytes of length before each; an optional one as nothing, or as a 1 and the value;
// an alternative of a variant as its place among them in one byte, so that new ones come last, and its value.
// Refused are alternatives and enumerators that there are not: an enum names its last one `kLast`.

template <uint8_t number, typename T>
struct NumberedField {
  T& value;
};
template <uint8_t number, typename T>
constexpr NumberedField<number, T> Field(T& value) {
  return {value};
}

// What is written as it is in memory. A class says that it is one with `using AsNumber = int64_t;`.
template <typename T>
concept ArchivedNumber = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
    (std::is_trivially_copyable_v<T> && sizeof(T) == sizeof(typename T::AsNumber));

inline constexpr uint8_t kNumbersEnd = 32;  // of members
inline constexpr uint8_t kLongMember = 4;
using ArchivedLength = uint32_t;

}  // namespace fectl::core

#endif  // MASTER_CORE_ARCHIVE_ARCHIVE_H_
