#ifndef FECTL_MASTER_EVIDENCE_WORKER_PAGE_H_
#define FECTL_MASTER_EVIDENCE_WORKER_PAGE_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "master/evidence/findings.h"
#include "master/evidence/process_files.h"
#include "proto_spec/evidence_page.h"

namespace fectl::evidence {

// What a worker writes down itself (FECTL_EVIDENCE), also where nobody may look into it from outside.
class WorkerPage {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // `fd` is borrowed. nullptr: the worker has no such page, or has not taken it.
  static std::unique_ptr<WorkerPage> Map(int fd);
  ~WorkerPage();
  WorkerPage(const WorkerPage&) = delete;
  WorkerPage& operator=(const WorkerPage&) = delete;

  // What its own thread has said of the others in answer to the order `dump`, as JSON. "": nothing until then.
  std::string Told(Deadline deadline) const;
  // Makes the threads write their stacks. False: it has no handler for that.
  bool AskForStacks(pid_t pid, const ProcessFiles& files, Deadline deadline, std::vector<Thread>* threads) const;
  // Makes Python write what its threads do. "": it has no handler for that, or has written nothing.
  std::string AskPython(pid_t pid, const ProcessFiles& files, Deadline deadline) const;

 private:
  explicit WorkerPage(proto::EvidencePage* page) : page_(page) {}
  void Symbolize(std::vector<Thread>* threads) const;

  proto::EvidencePage* page_;
};

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_WORKER_PAGE_H_
