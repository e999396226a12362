#include "client/serve/passed_environment.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

namespace fectl::client {
namespace {

constexpr std::string_view kPythonPath = "PYTHONPATH=";

// What fectld gives to every worker, and what says something about the caller's shell, terminal, desktop or
// session.
constexpr std::string_view kLeftOut[] = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "COLORTERM",
    "COLUMNS",
    "DESKTOP_SESSION",
    "DISPLAY",
    "EDITOR",
    "HISTFILE",
    "HUSHLOGIN",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LESS",
    "LESSCLOSE",
    "LESSOPEN",
    "LINES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LS_COLORS",
    "MAIL",
    "MAKEFLAGS",
    "MANAGERPID",
    "NOTIFY_SOCKET",
    "OLDPWD",
    "PAGER",
    "PROMPT_COMMAND",
    "PS1",
    "PS2",
    "PWD",
    "SESSION_MANAGER",
    "SHELL_SESSION_ID",
    "SHLVL",
    "STY",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "TERMINFO",
    "TMUX",
    "TMUX_PANE",
    "VISUAL",
    "WINDOWID",
    "XAUTHORITY",
    "_",
};
constexpr std::string_view kLeftOutBeginnings[] = {
    "LC_", "FECTL_", "BASH_", "DBUS_", "GDM",  "GNOME_",   "GPG_", "GTK_", "KDE_",       "KONSOLE_",
    "QT_", "SSH_",   "SUDO_", "TERM_", "VTE_", "WAYLAND_", "XDG_", "ZSH_", "BUILD_WORK", "BAZEL_",
};

std::string NameOf(const std::string& variable) {
  return variable.substr(0, variable.find('='));
}

bool IsName(std::string_view name) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::ranges::all_of(name, is_word);
}

bool IsLeftOut(std::string_view name) {
  return !IsName(name) || std::ranges::find(kLeftOut, name) != std::end(kLeftOut) ||
         std::ranges::any_of(kLeftOutBeginnings,
                             [&](std::string_view begin) { return name.starts_with(begin); });
}

}  // namespace

std::vector<std::string> OwnVariables(const std::vector<std::string>& variables, const std::string& site,
                                      bool is_edited) {
  std::vector<std::string> own;
  if (!site.empty()) {
    std::string path(kPythonPath);
    for (const std::string& variable : variables) {
      if (variable.starts_with(kPythonPath) && variable.size() > kPythonPath.size()) path = variable + ":";
    }
    own.push_back(path + site);
  }
  // Python tells by the second and the size whether a compiled module is still that of its file, and would
  // miss an edit in the second of the last one.
  if (is_edited) own.emplace_back("PYTHONDONTWRITEBYTECODE=1");
  return own;
}

std::vector<std::string> PassedEnvironment(const std::vector<std::string>& variables,
                                           const std::vector<std::string>& set) {
  std::set<std::string> names;
  for (const std::string& variable : variables) {
    const std::string name = NameOf(variable);
    if (!IsLeftOut(name)) names.insert(name);
  }
  for (const std::string& variable : set) names.erase(NameOf(variable));
  std::vector<std::string> passed = set;
  passed.insert(passed.end(), names.begin(), names.end());
  return passed;
}

}  // namespace fectl::client
