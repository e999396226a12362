#ifndef FECTL_CLIENT_INIT_PYTHON_SOURCE_H_
#define FECTL_CLIENT_INIT_PYTHON_SOURCE_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::client {

// A name in a Python module that looks like an application, or like a function that makes one.
struct NamedApplication {
  std::string name;       // "app"
  std::string framework;  // "FastAPI"; "" where only its parameters tell that it is one
};

// Those of a module's own level, as its text has them, the likeliest first. Nothing is run. Pure.
std::vector<NamedApplication> ApplicationsIn(std::string_view source);

// "shop/main.py" as Python imports it: "shop.main"; "shop/__init__.py": "shop". Empty: it cannot be imported
// by a name. Pure.
std::string ModuleName(std::string_view path);

// How likely a module of this name has the application of its folder; less is likelier. Pure.
int ModuleRank(std::string_view module);

// Whether the files of a folder of this name are nobody's application: tests, packages of others, what is
// hidden. Pure.
bool IsLeftOut(std::string_view folder);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INIT_PYTHON_SOURCE_H_
