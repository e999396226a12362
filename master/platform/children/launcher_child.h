#ifndef MASTER_PLATFORM_CHILDREN_LAUNCHER_CHILD_H_
#define MASTER_PLATFORM_CHILDREN_LAUNCHER_CHILD_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "master/platform/children/launch_error.h"
#include "master/platform/credentials/identity.h"

namespace fectl::platform {

// What the new process needs between its birth and exec. It shares the master's memory, so everything is made
// before, and the answer is left here.
struct ChildPlan {
  char* const* executables = nullptr;  // the first that is there is executed; ends with null
  const char* search_path = nullptr;   // where they are from, for people
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: stay
  int* sources = nullptr;           // for descriptors 0, 1, 2, ...; -1 for /dev/null; changed by the child
  int source_count = 0;
  bool shares_descriptors = false;  // born with the master's own table, which it leaves before it changes any
  const rlimit* open_files = nullptr;  // null: leave
  mode_t umask = 022;
  IdentityChange change = {};  // what differs from the master
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  size_t group_count = 0;
  bool no_new_privileges = true;
  bool set_capabilities = false;  // to these, for the program and what it executes
  uint64_t capabilities = 0;

  // The answer; error 0: it runs. While the process is on its way only `step` may be looked at, by StepOf().
  LaunchError::Step step = LaunchError::Step::kClone;
  int error = 0;
  int tried = -1;  // kExecute: the index of the executable that the error is about; -1: of all
  int target =
      -1;  // kDescriptors: the number that could not be given; -1: all the others could not be closed
  bool cannot_leave = false;  // kDescriptors: the kernel does not let it have a table of its own
};

// How far it has come. What it did in the steps before is seen by the caller.
inline LaunchError::Step StepOf(const ChildPlan& plan) {
  LaunchError::Step step = LaunchError::Step::kClone;
  __atomic_load(&plan.step, &step, __ATOMIC_ACQUIRE);
  return step;
}

// The child's whole life before exec; the argument of clone(). Does not return. Raw system calls only: no
// allocation, no lock, no function of the C library with state or with a thought for other threads (its
// setuid() signals all threads of the process, which here are the master's).
int RunChild(void* plan);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_LAUNCHER_CHILD_H_
