#ifndef MASTER_PLATFORM_CHILDREN_RAW_CALL_H_
#define MASTER_PLATFORM_CHILDREN_RAW_CALL_H_

#include <unistd.h>

#include <cerrno>
#include <type_traits>

// System calls of a process that shares its memory with another one: errno is that one's as well, and a call
// that fails must not change it. (The C library has none that leaves it alone.)
namespace fectl::platform {

// Runs on a stack that the sanitizers know nothing of, in memory that is not its own: their bookkeeping for
// its frames would land in the other's. So nothing that it uses is instrumented.
#define FECTL_CHILD_CODE __attribute__((no_sanitize("address", "undefined", "thread")))

#if defined(__x86_64__) || defined(__aarch64__)
inline constexpr bool kRawCallsLeaveErrno = true;
#else
inline constexpr bool kRawCallsLeaveErrno = false;
#endif

// What the kernel answers: -errno for an error.
FECTL_CHILD_CODE inline long RawCallOfWords(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory", "cc");
  return x0;
#else
  const long result = syscall(number, a, b, c, d, e);
  return result < 0 ? -errno : result;
#endif
}

template <typename Argument>
FECTL_CHILD_CODE inline long AsWord(Argument argument) {
  if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<long>(argument);
  } else if constexpr (std::is_null_pointer_v<Argument>) {
    return 0;
  } else {
    return static_cast<long>(argument);
  }
}

template <typename A = long, typename B = long, typename C = long, typename D = long, typename E = long>
FECTL_CHILD_CODE inline long RawCall(long number, A a = {}, B b = {}, C c = {}, D d = {}, E e = {}) {
  return RawCallOfWords(number, AsWord(a), AsWord(b), AsWord(c), AsWord(d), AsWord(e));
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_RAW_CALL_H_
