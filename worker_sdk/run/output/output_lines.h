// What is to be known of a program's output while it is copied: whether a line contained some text, and the
// last line.
#ifndef FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUT_LINES_H_
#define FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUT_LINES_H_

#include <string>
#include <string_view>

namespace fectl::run {

class OutputLines {
 public:
  // `wanted`: the text to look for; empty: none.
  explicit OutputLines(std::string wanted) : wanted_(std::move(wanted)) {}

  // The next bytes of the output, torn anywhere. Of a line that is longer than kLineBytesMax only the end is
  // kept, which is always enough for `wanted` to be found.
  void Append(std::string_view bytes);

  // Some line contains the text, also one that has no end yet.
  bool found() const { return found_; }
  // The newest line with more than blanks in it, at most kShownBytes of its start.
  std::string last() const;

  static constexpr size_t kLineBytesMax = 16 * 1024;
  static constexpr size_t kShownBytes = 300;

 private:
  void Extend(std::string_view part);

  const std::string wanted_;
  bool found_ = false;
  std::string line_;   // the unfinished one, as far as it is needed
  std::string start_;  // its first bytes, for people
  std::string last_;   // the start of the newest finished line
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_OUTPUT_OUTPUT_LINES_H_
