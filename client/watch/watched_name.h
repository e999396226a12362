#ifndef FECTL_CLIENT_WATCH_WATCHED_NAME_H_
#define FECTL_CLIENT_WATCH_WATCHED_NAME_H_

#include <string_view>

namespace fectl::client {

// Which files of a folder make up a Python application: its modules (*.py), its templates (*.html, *.htm,
// *.jinja,
// *.jinja2, *.j2, *.mako) and .env files. Hidden files are none, but for .env itself and .env.*; so the files
// that editors make beside the one that they save are not, whether they begin with a dot or end otherwise.
// Data files are not: an application that writes some would reload itself.
bool IsWatchedFile(std::string_view name);

// Which folders in a folder belong to it: not hidden ones, __pycache__ and node_modules.
bool IsWatchedFolder(std::string_view name);

// A folder with a file of this name is a virtual environment, which holds other people's modules.
inline constexpr char kVirtualEnvironmentMark[] = "pyvenv.cfg";

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_WATCHED_NAME_H_
