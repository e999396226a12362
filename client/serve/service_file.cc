#include "client/serve/service_file.h"

#include <algorithm>
#include <cstddef>

#include "proto_spec/base/toml_text.h"

namespace fectl::client {
namespace {

constexpr size_t kLineMax = 100;

// An array on one line, or with as many lines as it needs.
std::string List(std::string_view key, const std::vector<std::string>& texts) {
  std::string line = std::string(key) + " = [";
  for (size_t i = 0; i < texts.size(); ++i) line += (i == 0 ? "" : ", ") + base::TomlString(texts[i]);
  if (line.size() < kLineMax) return line + "]\n";
  std::string out = std::string(key) + " = [\n";
  line = " ";
  for (const std::string& text : texts) {
    const std::string quoted = base::TomlString(text) + ",";
    if (line.size() > 1 && line.size() + quoted.size() + 1 > kLineMax) {
      out += line + "\n";
      line = " ";
    }
    line += " " + quoted;
  }
  return out + line + "\n]\n";
}

// fectld splits a string into words as a shell does it.
bool IsPlainWord(std::string_view word) {
  return std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._+-@:=,").find(c) != std::string_view::npos;
  });
}

std::string Command(const ServiceFile& file) {
  std::vector<std::string> words = {file.python, "-m", "fectl_worker", "asyncio"};
  if (!file.loop.empty()) words.insert(words.end(), {"--loop", file.loop});
  if (!std::ranges::all_of(words, IsPlainWord)) return List("command", words);
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return "command = " + base::TomlString(joined) + "\n";
}

}  // namespace

std::string ServiceFileText(const ServiceFile& file) {
  const bool is_ipv6 = file.host.find(':') != std::string::npos;
  std::string text =
      "# The same service without fectl serve: save this as fectld.toml and run fectld beside it.\n\n"
      "[[socket]]\n"
      "name = \"http\"\n";
  if (is_ipv6) text += "proto = \"tcp6\"\n";
  text += "host = " + base::TomlString(file.host) + "\nport = " + std::to_string(file.port) + "\n";
  text += "app = " + base::TomlString(file.kind) + "\n" + List("arguments", file.arguments);
  text += "\n[[service]]\nname = " + base::TomlString(kServedName) +
          "\nnum = " + std::to_string(file.workers) + "\n";
  text += Command(file) + "directory = " + base::TomlString(file.directory) + "\n";
  if (!file.environ.empty()) text += List("environ", file.environ);
  return text;
}

bool HasArgument(const std::vector<std::string>& arguments, std::string_view name) {
  return std::ranges::any_of(arguments, [&](std::string argument) {
    argument.resize(std::min(argument.find('='), argument.size()));
    if (argument.starts_with("--")) argument.erase(0, 2);
    std::ranges::replace(argument, '-', '_');
    return argument == name;
  });
}

std::string MasterSection(std::string_view socket_path) {
  return "\n[master]\nsock = " + base::TomlString(socket_path) + "\n";
}

}  // namespace fectl::client
