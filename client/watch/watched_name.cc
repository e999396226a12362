#include "client/watch/watched_name.h"

#include <algorithm>

namespace fectl::client {

bool IsWatchedFile(std::string_view name) {
  constexpr std::string_view kEnds[] = {".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".mako"};
  if (name == ".env") return true;
  if (name.starts_with(".env.")) return !name.ends_with("~") && !name.ends_with(".swp");
  if (name.starts_with('.') || name.starts_with('#')) return false;
  return std::ranges::any_of(
      kEnds, [&](std::string_view end) { return name.size() > end.size() && name.ends_with(end); });
}

bool IsWatchedFolder(std::string_view name) {
  return !name.starts_with('.') && name != "__pycache__" && name != "node_modules";
}

}  // namespace fectl::client
