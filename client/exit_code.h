#ifndef FECTL_CLIENT_EXIT_CODE_H_
#define FECTL_CLIENT_EXIT_CODE_H_

namespace fectl::client {

// The exit codes of fectl.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,        // refused or failed; the reason is on standard error
  kUsage = 2,         // the command line is wrong; nothing was done
  kNoMaster = 3,      // no fectld is there
  kNotPermitted = 4,  // fectld is there, but this user has no role that allows it; nothing was done
  kChanges = 5,       // plan: something would change
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EXIT_CODE_H_
