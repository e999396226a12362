#ifndef FECTL_CLIENT_LOGS_LINE_WORDS_H_
#define FECTL_CLIENT_LOGS_LINE_WORDS_H_

#include <string>
#include <string_view>

#include "proto_spec/log_messages.h"

namespace fectl::client {

// Bytes of a worker for a terminal: colours (SGR sequences) stay, and end with the line; every other control
// character is shown as an escape.
std::string ColoursOnly(std::string_view bytes);

// One line for people: "2026-11-28T09:00:00.123Z web[3] | GET /". `on_terminal`: its bytes are made safe;
// else they are as the worker wrote them.
std::string LineWords(const proto::LogLine& line, bool on_terminal);

// The same as one line of JSON, as on the wire.
std::string LineAsJson(const proto::LogLine& line);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LOGS_LINE_WORDS_H_
