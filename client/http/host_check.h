// Whether a request was meant for this server. A page of another site that has its own name resolved to this
// machine's address (DNS rebinding) has the browser send that name: it is refused, although the connection
// comes from this machine.
#ifndef FECTL_CLIENT_HTTP_HOST_CHECK_H_
#define FECTL_CLIENT_HTTP_HOST_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::http {

// The name or address of a Host: "localhost" of "LocalHost:9180", "::1" of "[::1]:9180"; lower case, without
// a dot at the end. "": it is none.
std::string HostName(std::string_view host);

// `allowed`: what --host said. `local_address`: of the connection ("127.0.0.1", "::1"; "" for a UNIX socket):
// who writes that address means it, since no name was asked for.
bool IsForUs(std::string_view host, const std::vector<std::string>& allowed, std::string_view local_address);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_HOST_CHECK_H_
