// Fills its pipe with 64 KiB at one go and dies of SIGKILL: `loaded`, heartbeats, a `cfgerror` whose text is
// its pid, and the beginning of a message that never ends.

#include <signal.h>
#include <unistd.h>

#include <string>

#include "testdata/guests/guest.h"

namespace {

std::string Frame(const std::string& payload) {
  std::string frame;
  frame.push_back(static_cast<char>(payload.size() >> 8));
  frame.push_back(static_cast<char>(payload.size() & 0xff));
  return frame + payload;
}

}  // namespace

int main() {
  constexpr size_t kPipeBytes = 65'536;
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  const std::string last =
      Frame(R"({"cmd": "cfgerror", "data": "last words of )" + std::to_string(getpid()) + "\"}");
  const std::string torn = Frame(R"({"cmd": "hb"})").substr(0, 5);
  const std::string beat = Frame(R"({"cmd": "hb"})");
  std::string all = Frame(R"({"cmd": "loaded"})");
  while (all.size() + beat.size() + last.size() + torn.size() <= kPipeBytes) all += beat;
  guest.SendBytes(all + last + torn);
  kill(getpid(), SIGKILL);
  guest.Silent();
}
