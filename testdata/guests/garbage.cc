// Serves well until it is told `start`; then, in its first incarnation only, writes what the argument names
// to the master and goes on beating.

#include <cstdio>
#include <string>

#include "testdata/guests/guest.h"

int main(int argc, char** argv) {
  fectl::guests::Guest guest = fectl::guests::Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  const std::string kind = argc > 1 ? argv[1] : "";
  guest.LoadAndStart();
  if (fectl::guests::Guest::FirstTime("garbage-done")) {
    if (kind == "not-json") {
      guest.Send("!this is not JSON!");
    } else if (kind == "not-object") {
      guest.Send("[1, 2, 3]");
    } else if (kind == "no-command") {
      guest.Send(R"({"data": "x"})");
    } else if (kind == "command-not-a-string") {
      guest.Send(R"({"cmd": 7})");
    } else if (kind == "wrong-data") {
      guest.Send(R"({"cmd": "cfgerror", "data": 5})");
    } else if (kind == "unknown-command") {
      guest.Send(R"({"cmd": "make-coffee"})");
    } else if (kind == "not-utf8") {
      guest.Send("{\"cmd\": \"cfgerror\", \"data\": \"\xff\xfe\"}");
    } else if (kind == "deep") {
      guest.Send("{\"cmd\": \"hb\", \"data\": " + std::string(30'000, '[') + std::string(30'000, ']') + "}");
    } else if (kind == "empty") {
      guest.SendBytes(std::string(2, '\0'));
    } else {
      fprintf(stderr, "garbage: unknown kind %s\n", kind.c_str());
      return 64;
    }
  }
  guest.BeatUntilStopped();
  return 0;
}
