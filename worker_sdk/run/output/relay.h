// Copies what the program writes to where fectl-run itself writes, unchanged and at once.
#ifndef FECTL_WORKER_SDK_RUN_OUTPUT_RELAY_H_
#define FECTL_WORKER_SDK_RUN_OUTPUT_RELAY_H_

#include <string>

#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/run/output/output_lines.h"

namespace fectl::run {

class Relay {
 public:
  // `to` is one of our own streams and is borrowed. `wanted`: the text that is looked for.
  Relay(base::UniqueFd from, int to, std::string wanted)
      : from_(std::move(from)), to_(to), lines_(std::move(wanted)) {}

  // What to wait for: that `from` can be read, that `to` can be written, or nothing more.
  enum class Wait { kInput, kRoom, kNothing };
  // Copies what there is, at most kChunksPerTurn pieces of PIPE_BUF bytes.
  Wait Copy();
  // The program is over: copies what it has written by now, as far as the reader takes it within a second.
  // (Other processes may hold the pipe and write on without an end.)
  void Finish();

  int from_fd() const { return from_.get(); }
  int to_fd() const { return to_; }
  const OutputLines& lines() const { return lines_; }

 private:
  bool HasRoom(int wait_ms) const;
  // False: there is no room now.
  bool WritePending(int wait_ms);

  static constexpr int kChunksPerTurn = 16;

  base::UniqueFd from_;
  const int to_;
  OutputLines lines_;
  std::string pending_;  // read, not written yet
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_OUTPUT_RELAY_H_
