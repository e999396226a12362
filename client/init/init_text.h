#ifndef FECTL_CLIENT_INIT_INIT_TEXT_H_
#define FECTL_CLIENT_INIT_INIT_TEXT_H_

#include <string>
#include <vector>

namespace fectl::client {

// A socket of the service that is proposed.
struct ProposedSocket {
  std::string name = "http";
  int port = 0;
};

// What a new fectld.toml is to say.
struct Proposal {
  std::string what{};  // in words: "the FastAPI application shop.main:app"
  std::string host{};
  std::vector<ProposedSocket> sockets{};  // none: the program opens what it needs itself
  std::string app{};                      // "asgi", "wsgi" or "aiohttp"; empty: no Python application
  std::vector<std::string> arguments{};   // of the application
  int workers = 1;
  std::vector<std::string> command{};
  std::vector<std::string> environ{};
  bool is_worker = true;  // it speaks with fectld by itself; else fectl-run does it
};

// A fectld.toml with comments. Pure.
std::string InitText(const Proposal& proposal);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INIT_INIT_TEXT_H_
