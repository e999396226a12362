// SIGTERM as a notice, for a process whose master sends it together with `stop`.
#ifndef FECTL_WORKER_SDK_TERMINATION_H_
#define FECTL_WORKER_SDK_TERMINATION_H_

namespace fectl::internal {

// From now on SIGTERM wakes `wake_fd` instead of killing. Does nothing when SIGTERM is not at its default.
// There is one disposition in a process, so the last caller gets the notices. A child forked without exec
// dies of SIGTERM as before.
void NoticeTermination(int wake_fd);
// `wake_fd` is about to be closed: SIGTERM at its default again, if it is still ours. With `told_to_stop` it
// has no effect instead: the signal that belongs to a `stop` may still be on its way, and must not turn an
// exit in order into a death. Children die of it in either case, with and without exec.
void ForgetTermination(int wake_fd, bool told_to_stop = false);
// True once for each notice.
bool TakeTermination(int wake_fd);

}  // namespace fectl::internal

#endif  // FECTL_WORKER_SDK_TERMINATION_H_
