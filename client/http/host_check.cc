#include "client/http/host_check.h"

#include <algorithm>
#include <cstddef>

namespace fectl::http {
namespace {

bool IsPort(std::string_view text) {
  return text.empty() || (text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::string HostName(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return "";
    const std::string_view rest = host.substr(end + 1);
    if (!rest.empty() && (rest[0] != ':' || !IsPort(rest.substr(1)))) return "";
    return Lower(host.substr(1, end - 1));
  }
  const size_t colon = host.find(':');
  if (colon != std::string_view::npos && !IsPort(host.substr(colon + 1))) return "";
  std::string_view name = host.substr(0, colon);
  if (name.ends_with('.')) name.remove_suffix(1);
  return Lower(name);
}

bool IsForUs(std::string_view host, const std::vector<std::string>& allowed, std::string_view local_address) {
  const std::string name = HostName(host);
  if (name.empty()) return false;
  if (name == "localhost" || name == local_address) return true;
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& one) { return HostName(one) == name; });
}

}  // namespace fectl::http
