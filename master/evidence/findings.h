#ifndef FECTL_MASTER_EVIDENCE_FINDINGS_H_
#define FECTL_MASTER_EVIDENCE_FINDINGS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fectl::evidence {

// A function on a stack. What is not known is empty, or 0.
struct Frame {
  std::string function{};
  std::string file{};
  int line = 0;
  // Of native code: the file of the program or library, where in it, and which build of it.
  std::string module{};
  uint64_t offset = 0;
  std::string build_id{};
  bool library = false;  // of the language or the SDK, not the application's
  bool foreign = false;  // of a library that was installed

  friend bool operator==(const Frame&, const Frame&) = default;
};

// What the kernel says of a thread, in two looks, and its native stack, innermost frame first.
struct Thread {
  int32_t id = 0;
  std::string name{};
  char state = '?';           // R: runs, S: waits, D: waits in the kernel and cannot be disturbed
  std::string waits_in{};     // the kernel's function; empty: not told, or it runs
  std::string system_call{};  // its number and arguments, where they may be seen
  double busy_percent = 0;    // of one processor, between the two looks
  std::vector<Frame> frames{};

  friend bool operator==(const Thread&, const Thread&) = default;
};

// What a thread, an asyncio task or a greenlet of Python does, innermost frame first.
struct PythonStack {
  std::string kind{};    // "thread", "task" or "greenlet"
  std::string name{};    // as Python names it
  int32_t id = 0;        // of a thread, as the kernel has it; 0: not told
  bool serves = false;   // it sends the worker's heartbeats
  bool idle = false;     // it is an event loop that has nothing to run
  std::string awaits{};  // of a task: what it waits for
  std::vector<Frame> frames{};

  friend bool operator==(const PythonStack&, const PythonStack&) = default;
};

// All that was found out about one process.
struct Findings {
  std::vector<Thread> threads{};  // the first one first
  std::vector<PythonStack> python{};
  std::vector<std::pair<int, std::string>> descriptors{};  // number, and what it is
  std::vector<std::pair<std::string, std::string>> memory{};
  std::vector<std::string> missing{};  // what could not be found out, and why: one sentence each
};

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_FINDINGS_H_
