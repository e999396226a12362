#ifndef MASTER_CORE_TESTING_MEMBER_H_
#define MASTER_CORE_TESTING_MEMBER_H_

#include <cstdint>

#include "master/core/archive/archive.h"

namespace fectl::core {

// Calls `use` with the member that has this number in the description of the type: how tests break what no
// event can break.
template <uint8_t wanted, typename Object, typename Use>
void WithMember(Object& object, Use use) {
  const auto pick = [&]<uint8_t number, typename T>(NumberedField<number, T> field) {
    if constexpr (number == wanted) use(field.value);
  };
  const auto archive = [&](auto... fields) { (pick(fields), ...); };
  Object::Fields(archive, object);
}

}  // namespace fectl::core

#endif  // MASTER_CORE_TESTING_MEMBER_H_
