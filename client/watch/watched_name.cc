#include "client/watch/watched_name.h"

#include <algorithm>

namespace fectl::client {

bool IsWatchedFile(std::string_view name) {
  constexpr std::string_view kEnds[] = {".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".mako"};
  if (name == ".env") return true;
  if (name.starts_with(".env.")) {
    // Editors' copies: vim's swap files are .swp, .swo, .swx and so on.
    const std::string_view end = name.substr(name.rfind('.'));
    return !name.ends_with("~") && !(end.size() == 4 && end.starts_with(".sw")) && end != ".tmp" &&
           end != ".bak";
  }
  if (name.starts_with('.') || name.starts_with('#')) return false;
  return std::ranges::any_of(
      kEnds, [&](std::string_view end) { return name.size() > end.size() && name.ends_with(end); });
}

bool IsWatchedFolder(std::string_view name) {
  return !name.starts_with('.') && name != "__pycache__" && name != "node_modules";
}

}  // namespace fectl::client
