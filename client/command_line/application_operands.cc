#include "client/command_line/application_operands.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "client/command_line/quoted.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr char kServe[] = "fectl serve MODULE:NAME [ARGUMENT]...";
constexpr char kInit[] = "fectl init MODULE:NAME [ARGUMENT]...";

// "./shop/main.py" as Python names it: "shop.main".
std::string ModuleOfFile(std::string module) {
  if (module.starts_with("./")) module.erase(0, 2);
  if (module.ends_with(".py")) module.resize(module.size() - 3);
  std::ranges::replace(module, '/', '.');
  return module;
}

std::string WhatIsWrongWithName(const std::string& word) {
  const size_t colon = word.find(':');
  const std::string module = word.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : word.substr(colon + 1);
  const bool is_file = module.find('/') != std::string::npos || module.ends_with(".py");
  if (is_file && !module.starts_with('/') && !module.starts_with("../")) {
    return "a module is named as Python imports it: " + Quoted(word) + " is " +
           base::EscapeForTerminal(ModuleOfFile(module) + ":" + (name.empty() ? "NAME" : name));
  }
  if (module.empty() || module.starts_with('-') || name.empty()) {
    return Quoted(word) + " is no application of the form MODULE:NAME, as in: fectl serve shop.main:app";
  }
  return "";
}

std::string WhatIsWrongWith(const std::vector<std::string>& operands, const std::string& usage) {
  if (std::string wrong = WhatIsWrongWithName(operands[0]); !wrong.empty()) return wrong;
  for (size_t i = 1; i < operands.size(); ++i) {
    std::string_view argument = operands[i];
    if (argument.starts_with("--")) argument.remove_prefix(2);
    const size_t equals = argument.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return Quoted(operands[i]) + " is no argument of the form NAME=VALUE: " + usage;
    if (argument.starts_with("app=") || argument.starts_with("factory="))
      return "the application is " + Quoted(operands[0]) + " already: " + Quoted(operands[i]) +
             " is too much";
  }
  return "";
}

}  // namespace

std::string WhatIsWrongWithApplication(const std::vector<std::string>& operands) {
  if (operands.empty()) return std::string("serve needs the name of an application: ") + kServe;
  return WhatIsWrongWith(operands, kServe);
}

std::string WhatIsWrongWithProposed(const std::vector<std::string>& operands) {
  const bool is_python =
      !operands.empty() && (operands[0].ends_with(".py") || operands[0].find(':') != std::string::npos);
  return is_python ? WhatIsWrongWith(operands, kInit) : "";
}

}  // namespace fectl::client
