#ifndef FECTL_CLIENT_TEXT_PROGRESS_H_
#define FECTL_CLIENT_TEXT_PROGRESS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "client/text/output.h"

namespace fectl::client {

// One line on a terminal which says that something is still going on: it appears after a moment, is renewed
// every second, and is gone before anything else is written. Silent where standard error is no terminal.
class Progress {
 public:
  // `output` outlives it. `now_ms`: when the waiting began.
  Progress(Output* output, bool terminal, int64_t now_ms)
      : output_(output), terminal_(terminal), began_ms_(now_ms) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Erase(); }

  // When the line wants to be renewed; a time which never comes if it is silent.
  int64_t wake_ms(int64_t now_ms) const;

  // Shows `text` and the seconds since the beginning, unless it is too early for a line. `text` must be safe
  // for a terminal.
  void Show(std::string_view text, int64_t now_ms);

  // Takes the line away. Call it before any other output.
  void Erase();

 private:
  Output* output_;
  bool terminal_;
  int64_t began_ms_;
  std::string shown_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_PROGRESS_H_
