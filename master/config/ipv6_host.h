#ifndef FECTL_MASTER_CONFIG_IPV6_HOST_H_
#define FECTL_MASTER_CONFIG_IPV6_HOST_H_

#include <string>

namespace fectl::config {

// Why no TCP socket for IPv6 alone can listen on it, or nothing. `host`: an address with colons, perhaps with
// %INTERFACE behind it.
std::string WhatIsWrongWithIpv6(const std::string& host);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_IPV6_HOST_H_
