// fectl-run itself: joins the program, the worker and what is decided of them.
#ifndef FECTL_WORKER_SDK_RUN_RUN_H_
#define FECTL_WORKER_SDK_RUN_RUN_H_

#include "worker_sdk/run/command_line.h"
#include "worker_sdk/worker.h"

namespace fectl::run {

// Runs the program until its end. Returns the exit code, or dies of the signal that the program died of.
int RunProgram(const CommandLine& line, Worker* worker);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_RUN_H_
