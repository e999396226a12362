#ifndef FECTL_CLIENT_WHY_WHY_TEXT_H_
#define FECTL_CLIENT_WHY_WHY_TEXT_H_

#include <string>

#include "proto_spec/control_details.h"

namespace fectl::client {

// `fectl why`: the state as a sentence, and below it since when, what led there, what happens next, and what
// changes it, in lines of at most 80 columns. Everything from the master is escaped.
std::string WhyText(const proto::WhyView& view);

// {"service":"web","worker":2,"state":"waiting","since_at":1700000000,"since_s":1.5,"what":"...","because":"...",
// "next":"...","change":"..."}; `worker` is there where one was asked about.
std::string WhyJson(const proto::WhyView& view);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WHY_WHY_TEXT_H_
