// Standard output and error of the program on their way to ours.
#ifndef FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUTS_H_
#define FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/run/loop.h"
#include "worker_sdk/run/output/relay.h"

namespace fectl::run {

class Outputs {
 public:
  // Where both of our streams are the same file, both of the program's are one pipe, so that their order is
  // kept. `wanted`: the text that is looked for in either; empty: none.
  static absl::StatusOr<std::unique_ptr<Outputs>> Open(const std::string& wanted);

  // The ends for the program.
  int program_stdout() const { return ends_.front().get(); }
  int program_stderr() const { return ends_.back().get(); }
  void CloseProgramEnds() { ends_.clear(); }

  // Copies from now on whenever there is something. `loop` outlives it.
  void Attach(Loop* loop);
  bool found() const;
  // Somebody still holds the other end.
  bool open() const;
  // Copies what there is now, so that open() tells of this moment.
  void TakeEnds();
  // The program has ended: copies the rest.
  void Finish();
  // The newest line of its standard error, or else of its standard output.
  std::string LastLine() const;

 private:
  Outputs() = default;
  void Copy(Relay* relay);

  Loop* loop_ = nullptr;
  std::vector<base::UniqueFd> ends_;
  std::vector<std::unique_ptr<Relay>> relays_;  // standard error is the last one
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUTS_H_
