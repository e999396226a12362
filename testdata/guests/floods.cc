// Sends heartbeats as fast as the pipe takes them, and never reads.

#include <string>

#include "testdata/guests/guest.h"

int main() {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  guest.LoadAndStart();
  const std::string payload = R"({"cmd": "hb"})";
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back('\0');
    many.push_back(static_cast<char>(payload.size()));
    many += payload;
  }
  while (true) guest.SendBytes(many);
}
