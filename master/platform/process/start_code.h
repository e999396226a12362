#ifndef MASTER_PLATFORM_PROCESS_START_CODE_H_
#define MASTER_PLATFORM_PROCESS_START_CODE_H_

namespace fectl::platform {

// Gives the memory of programs and libraries that this process has used so far back to the kernel, once its
// start is over: parsing and checking touch most of the code, and serving little of it, which comes back by
// itself, page by page, as it is used (from the page cache, without a wait, unless memory is short). Where
// memory is locked (mlockall) everything stays. Call it when nothing is urgent.
void GiveBackStartCode();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_PROCESS_START_CODE_H_
