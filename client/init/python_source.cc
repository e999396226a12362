#include "client/init/python_source.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

namespace fectl::client {
namespace {

// What makes an application, as it stands behind "NAME =".
struct Maker {
  std::string_view call;
  std::string_view framework;
};
constexpr Maker kMakers[] = {
    {"FastAPI", "FastAPI"},
    {"Starlette", "Starlette"},
    {"Litestar", "Litestar"},
    {"Quart", "Quart"},
    {"Flask", "Flask"},
    {"Bottle", "Bottle"},
    {"falcon.App", "Falcon"},
    {"falcon.asgi.App", "Falcon"},
    {"web.Application", "aiohttp"},
    {"get_wsgi_application", "Django"},
    {"get_asgi_application", "Django"},
    {"ProtocolTypeRouter", "Channels"},
};

// Functions that make one go by these names.
constexpr std::string_view kFactories[] = {"create_app", "make_app", "build_app", "get_app"};

// The likelier names first.
constexpr std::string_view kNames[] = {"app", "application", "asgi", "wsgi", "api", "server"};

constexpr std::string_view kModules[] = {"main", "app",  "application", "server",
                                         "wsgi", "asgi", "api",         "web"};

constexpr std::string_view kLeftOut[] = {"test",          "tests",      "testing", "docs",    "node_modules",
                                         "__pycache__",   "migrations", "build",   "dist",    "venv",
                                         "site-packages", "env",        "vendor",  "examples"};

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool IsIdentifier(std::string_view word) {
  return !word.empty() && IsLetter(word[0]) &&
         std::ranges::all_of(word, [](char c) { return IsLetter(c) || (c >= '0' && c <= '9'); });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// "fastapi.FastAPI" ends with the word "FastAPI"; "MyFastAPI" does not.
bool EndsWithWord(std::string_view name, std::string_view word) {
  if (!name.ends_with(word)) return false;
  return name.size() == word.size() || name[name.size() - word.size() - 1] == '.';
}

// NAME = a.b.C(…) or NAME: Type = C(…); of one of the makers.
void TakeAssignment(std::string_view line, std::vector<NamedApplication>* found) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals + 1 >= line.size() || line[equals + 1] == '=') return;
  const std::string_view left = line.substr(0, equals);
  const std::string_view name = Trimmed(left.substr(0, left.find(':')));
  const std::string_view right = Trimmed(line.substr(equals + 1));
  const size_t call = right.find('(');
  if (!IsIdentifier(name) || call == std::string_view::npos) return;
  const std::string_view maker = Trimmed(right.substr(0, call));
  for (const Maker& known : kMakers) {
    if (!EndsWithWord(maker, known.call)) continue;
    found->push_back({std::string(name), std::string(known.framework)});
    return;
  }
}

// The number of parameters between the parentheses, without those that have a default; -1: not all of them
// stand on this line.
int NeededParameters(std::string_view rest) {
  const size_t end = rest.find(')');
  if (end == std::string_view::npos) return -1;
  std::string_view inside = rest.substr(0, end);
  int needed = 0;
  while (!Trimmed(inside).empty()) {
    const size_t comma = std::min(inside.find(','), inside.size());
    const std::string_view one = Trimmed(inside.substr(0, comma));
    if (!one.empty() && one[0] != '*' && one.find('=') == std::string_view::npos) ++needed;
    inside.remove_prefix(std::min(comma + 1, inside.size()));
  }
  return needed;
}

void TakeFunction(std::string_view line, std::vector<NamedApplication>* found) {
  const bool is_async = line.starts_with("async ");
  if (is_async) line = Trimmed(line.substr(6));
  if (!line.starts_with("def ")) return;
  line = Trimmed(line.substr(4));
  const size_t open = line.find('(');
  if (open == std::string_view::npos) return;
  const std::string_view name = Trimmed(line.substr(0, open));
  const int needed = NeededParameters(line.substr(open + 1));
  if (!IsIdentifier(name)) return;
  const bool is_factory = std::ranges::find(kFactories, name) != std::end(kFactories) && needed == 0;
  const bool is_asgi = is_async && needed == 3 && line.find("scope") != std::string_view::npos;
  const bool is_wsgi = !is_async && needed == 2 && line.find("start_response") != std::string_view::npos;
  if (is_factory || is_asgi || is_wsgi) found->push_back({std::string(name), ""});
}

int RankIn(std::span<const std::string_view> words, std::string_view word) {
  return static_cast<int>(std::ranges::find(words, word) - words.begin());
}

}  // namespace

std::vector<NamedApplication> ApplicationsIn(std::string_view source) {
  std::vector<NamedApplication> found;
  while (!source.empty()) {
    const size_t end = std::min(source.find('\n'), source.size());
    const std::string_view line = source.substr(0, end);
    source.remove_prefix(std::min(end + 1, source.size()));
    // What is indented belongs to a function, a class or a condition.
    if (line.empty() || !IsLetter(line[0])) continue;
    if (line.starts_with("def ") || line.starts_with("async ")) {
      TakeFunction(line, &found);
    } else {
      TakeAssignment(line, &found);
    }
  }
  std::ranges::stable_sort(found, {}, [](const NamedApplication& one) { return RankIn(kNames, one.name); });
  return found;
}

std::string ModuleName(std::string_view path) {
  if (!path.ends_with(".py")) return "";
  path.remove_suffix(3);
  if (path.ends_with("/__init__")) path.remove_suffix(9);
  std::string module(path);
  std::ranges::replace(module, '/', '.');
  for (std::string_view left = module; !left.empty();) {
    const size_t dot = std::min(left.find('.'), left.size());
    if (!IsIdentifier(left.substr(0, dot))) return "";
    left.remove_prefix(std::min(dot + 1, left.size()));
  }
  return module;
}

int ModuleRank(std::string_view module) {
  const std::string_view last = module.substr(module.rfind('.') + 1);
  // What is deeper is likelier a part of something.
  const int depth = static_cast<int>(std::ranges::count(module, '.'));
  return depth * static_cast<int>(std::size(kModules) + 1) + RankIn(kModules, last);
}

bool IsLeftOut(std::string_view folder) {
  return folder.starts_with('.') || folder.starts_with("test_") ||
         std::ranges::find(kLeftOut, folder) != std::end(kLeftOut);
}

}  // namespace fectl::client
