#ifndef FECTL_CLIENT_TEXT_OUTPUT_H_
#define FECTL_CLIENT_TEXT_OUTPUT_H_

#include <string_view>

namespace fectl::client {

// Standard output and standard error of the program. The texts must have been made safe for a terminal. The
// process must ignore SIGPIPE: a reader which has gone away (`fectl status | head`) is no failure, and must
// not end a command which still has work to do; what is written after that is thrown away.
class Output {
 public:
  // The descriptors are not owned.
  Output(int out_fd, int err_fd) : out_fd_(out_fd), err_fd_(err_fd) {}

  void Out(std::string_view text);
  void Err(std::string_view text);

  // True once nobody reads standard output any more, as far as writing has told. Its descriptor tells at
  // once: poll(2) finds an error there.
  bool out_closed() const { return out_closed_; }
  int out_fd() const { return out_fd_; }

  // The errno with which standard output could not be written (a full disk); 0 if everything was written, or
  // if nobody wanted to read it.
  int write_error() const { return write_error_; }

 private:
  int out_fd_;
  int err_fd_;
  bool out_closed_ = false;
  int write_error_ = 0;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_OUTPUT_H_
