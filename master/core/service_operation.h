#ifndef MASTER_CORE_SERVICE_OPERATION_H_
#define MASTER_CORE_SERVICE_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "master/core/archive.h"
#include "master/core/cause.h"
#include "master/core/events.h"
#include "master/core/ids.h"

namespace fectl::core {

// What a service is about (service.h), as values.

// What an operation waits for in a slot.
struct Awaited {
  bool awaited = false;       // by the operation that is under way
  bool without_room = false;  // awaited, and found no room for its process in the time of a start
  bool operator==(const Awaited&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.awaited), Field<2>(self.without_room));
  }
};
struct StartOperation {
  std::vector<RequestId> waiters;
  uint32_t awaited = 0;            // counted, see awaited_
  uint32_t without_room = 0;       // of those that are awaited
  std::optional<uint32_t> failed;  // the first slot that was given up
  bool operator==(const StartOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.waiters), Field<2>(self.failed));
  }
};
struct ReplaceOperation {
  Urgency urgency = Urgency::kReload;
  Cause cause;
  std::vector<RequestId> waiters;
  std::vector<uint32_t> slots;  // all of them, in order
  size_t begun = 0;             // how many of `slots` belong to this or an earlier batch
  size_t committed = 0;         // how many belong to an earlier batch
  uint32_t awaited = 0;         // counted, see awaited_
  bool by_operator = false;
  bool operator==(const ReplaceOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.urgency), Field<2>(self.cause), Field<3>(self.waiters), Field<4>(self.slots),
            Field<5>(self.begun), Field<6>(self.committed), Field<7>(self.by_operator));
  }
};
struct StopOperation {
  std::vector<RequestId> waiters;
  bool operator==(const StopOperation&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.waiters));
  }
};
struct QueuedReplace {
  Urgency urgency = Urgency::kReload;
  std::vector<RequestId> waiters;
  bool operator==(const QueuedReplace&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.urgency), Field<2>(self.waiters));
  }
};

// In the journal an operation is its place among these, so new ones come last.
using Operation = std::variant<std::monostate, StartOperation, ReplaceOperation, StopOperation>;

}  // namespace fectl::core

#endif  // MASTER_CORE_SERVICE_OPERATION_H_
