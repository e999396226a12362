// A worker's side of FECTL_EVIDENCE: what lets fectld find out where a process hangs.
#ifndef FECTL_WORKER_SDK_EVIDENCE_EVIDENCE_H_
#define FECTL_WORKER_SDK_EVIDENCE_EVIDENCE_H_

#include <memory>
#include <string_view>

#include "proto_spec/base/unique_fd.h"
#include "proto_spec/evidence_page.h"

namespace fectl::internal {

// The signals that it takes where they stand at their defaults, near the end of the range that is nobody's:
// each thread that gets the first one writes its stack down; the second is for Python's faulthandler.
int StackSignal();
int PythonSignal();

// At most one in a process. Costs nothing until a signal comes: the pages are there only once they are
// written.
class Evidence {
 public:
  // Takes the descriptor over. nullptr: it is no such memory, or there is one already; nothing is lost but
  // evidence.
  static std::unique_ptr<Evidence> Open(int fd);
  ~Evidence();
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  int fd() const { return fd_.get(); }
  // From here on the process has a handler for PythonSignal() that writes to fd().
  void PythonIsReady();
  // What a thread of the worker says of the others; what does not fit is cut off. From any thread.
  void Tell(std::string_view json);

 private:
  Evidence(base::UniqueFd fd, proto::EvidencePage* page) : fd_(std::move(fd)), page_(page) {}

  base::UniqueFd fd_;
  proto::EvidencePage* page_;
};

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_EVIDENCE_EVIDENCE_H_
