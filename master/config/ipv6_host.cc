#include "master/config/ipv6_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/str_cat.h"

namespace fectl::config {

std::string WhatIsWrongWithIpv6(const std::string& host) {
  const size_t percent = host.find('%');
  in6_addr address = {};
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) != 1) {
    return "must be a host name or an IPv6 address such as ::1";
  }
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
    return absl::StrCat(
        "is an IPv4 address in IPv6 form, which a socket for IPv6 alone does not take: write host = \"", text,
        R"(" and proto = "tcp4")");
  }
  if (IN6_IS_ADDR_MULTICAST(&address)) return "must not be a multicast address: no connection can come to it";
  const bool of_one_link = IN6_IS_ADDR_LINKLOCAL(&address);
  if (of_one_link && (percent == std::string::npos || percent + 1 == host.size())) {
    return absl::StrCat("is an address of one link, and needs the name of the link's interface, as in ",
                        host.substr(0, percent), "%eth0");
  }
  if (!of_one_link && percent != std::string::npos) {
    return "must not name an interface with %: only addresses that begin with fe80: have one";
  }
  return "";
}

}  // namespace fectl::config
