#ifndef FECTL_CLIENT_INIT_PROGRAM_FILE_H_
#define FECTL_CLIENT_INIT_PROGRAM_FILE_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::client {

// What an executable file is.
enum class ProgramKind {
  kNone,    // it cannot be executed, or is a part of fectl
  kWorker,  // it has the worker SDK in it
  kOther,
};

// By its name and its bytes. Pure.
ProgramKind KindOfProgram(std::string_view name, std::string_view bytes);

// The names that a C++ source asks the SDK for: FindSocket("http"). In their order, each once. Pure.
std::vector<std::string> SocketsAskedFor(std::string_view source);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INIT_PROGRAM_FILE_H_
