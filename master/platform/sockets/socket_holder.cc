#include "master/platform/sockets/socket_holder.h"

#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

constexpr char kListening[] = "0A";
constexpr char kWorkerVariable[] = "FECTL_SRV_NAME=";
constexpr size_t kPidsMax = 8;  // more are not told of
constexpr int kAncestorsMax = 16;
constexpr size_t kNameMax = 64;  // of a service, by the configuration's rules
constexpr char kNoHost[] = "-";  // equal to no address

struct Socket {
  std::string inode;
  std::optional<uid_t> owner;
};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool IsNumber(const char* name) {
  return *name != '\0' && std::strspn(name, "0123456789") == std::strlen(name);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// As /proc/net/tcp and tcp6 print addresses: each 32 bits as one number of this machine.
std::string InHex(const void* address, size_t bytes) {
  std::string text;
  for (size_t i = 0; i < bytes; i += sizeof(uint32_t)) {
    uint32_t word = 0;
    std::memcpy(&word, static_cast<const char*>(address) + i, sizeof(word));
    std::array<char, 9> digits = {};
    snprintf(digits.data(), digits.size(), "%08X", word);
    text += digits.data();
  }
  return text;
}

bool IsAny(const std::string& hex) {
  return hex.find_first_not_of('0') == std::string::npos;
}

// The listener in `table` on this port whose address is the same, or one of the two is every address.
std::optional<Socket> FindTcp(const char* table, const std::string& host, uint16_t port) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // its head
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    std::string owner;
    Socket socket;
    words >> number >> local >> remote >> state >> skipped >> skipped >> skipped >> owner >> skipped >>
        socket.inode;
    const size_t colon = local.find(':');
    if (state != kListening || colon == std::string::npos) continue;
    if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) != port) continue;
    const std::string there = local.substr(0, colon);
    if (there != host && !IsAny(there) && !IsAny(host)) continue;
    socket.owner = static_cast<uid_t>(std::strtoul(owner.c_str(), nullptr, 10));
    return socket;
  }
  return std::nullopt;
}

std::optional<Socket> FindUnix(const std::string& path) {
  std::ifstream file("/proc/net/unix");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string skipped;
    std::string flags;
    Socket socket;
    std::string name;
    words >> skipped >> skipped >> skipped >> flags >> skipped >> skipped >> socket.inode;
    words.ignore(1);
    std::getline(words, name);
    // Only a listener accepts connections, which is what this flag says.
    if (name == path && (std::strtoul(flags.c_str(), nullptr, 16) & 0x10000) != 0) return socket;
  }
  return std::nullopt;
}

bool Holds(const std::string& process, const std::string& link) {
  const std::string folder_path = process + "/fd";
  const Folder folder(opendir(folder_path.c_str()));
  if (folder == nullptr) return false;
  while (const dirent* const entry = readdir(folder.get())) {
    std::array<char, 64> target = {};
    const ssize_t length =
        readlink(absl::StrCat(folder_path, "/", entry->d_name).c_str(), target.data(), target.size() - 1);
    if (length > 0 && link == target.data()) return true;
  }
  return false;
}

// What another process calls itself must not look like a line of ours, nor play with a terminal.
std::string Harmless(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

// "" where the process is no worker of a fectld.
std::string ServiceOf(const std::string& process) {
  const std::string environment = ReadAll(process + "/environ");
  for (size_t at = 0; at < environment.size();) {
    const std::string variable(environment.c_str() + at);
    if (variable.starts_with(kWorkerVariable))
      return Harmless(variable.substr(std::strlen(kWorkerVariable), kNameMax));
    at += variable.size() + 1;
  }
  return "";
}

// Whether a fectld is among the ancestors of the process. That can be seen also where the descriptors of a
// fectld of another user, or without privileges of any, cannot.
bool HasFectld(const std::string& pid) {
  std::string process = pid;
  for (int depth = 0; depth < kAncestorsMax; ++depth) {
    const std::string stat = ReadAll("/proc/" + process + "/stat");
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return false;
    std::istringstream words(stat.substr(name_end + 1));
    std::string state;
    words >> state >> process;
    if (process == "0") return false;
    if (ReadAll("/proc/" + process + "/comm") == "fectld\n") return true;
  }
  return false;
}

SocketHolders HoldersOf(const Socket& socket) {
  SocketHolders holders{.owner = socket.owner, .pids = {}, .name = "", .service = ""};
  const std::string link = absl::StrCat("socket:[", socket.inode, "]");
  const Folder processes(opendir("/proc"));
  if (processes == nullptr) return holders;
  bool all_are_workers = true;
  while (const dirent* const entry = readdir(processes.get())) {
    if (!IsNumber(entry->d_name)) continue;
    const std::string process = absl::StrCat("/proc/", entry->d_name);
    if (!Holds(process, link)) continue;
    const std::string service = HasFectld(entry->d_name) ? "" : ServiceOf(process);
    all_are_workers = all_are_workers && !service.empty();
    if (holders.pids.empty()) {
      holders.service = service;
      const std::string line = ReadAll(process + "/comm");
      holders.name = Harmless(line.substr(0, line.rfind('\n')));
    }
    if (holders.pids.size() < kPidsMax) holders.pids.push_back(static_cast<pid_t>(std::atoi(entry->d_name)));
  }
  if (!all_are_workers) holders.service.clear();
  return holders;
}

}  // namespace

std::string SocketHolders::ToString() const {
  if (pids.empty()) return owner.has_value() ? absl::StrCat("a process of user ", *owner) : "another process";
  std::string numbers;
  for (const pid_t pid : pids) absl::StrAppend(&numbers, numbers.empty() ? "" : " ", pid);
  std::string text = absl::StrCat("pid ", numbers, " (", name, ")");
  if (service.empty()) return text;
  return absl::StrCat(
      text, ", workers of service ", service,
      " which a fectld that was killed has left behind; they end when their work is done, or with "
      "`kill ",
      numbers, "`");
}

std::optional<SocketHolders> HoldersOf(const sockaddr& address) {
  std::optional<Socket> found;
  const void* const generic = &address;
  if (address.sa_family == AF_INET) {
    const auto* const four = static_cast<const sockaddr_in*>(generic);
    const uint16_t port = ntohs(four->sin_port);
    found = FindTcp("/proc/net/tcp", InHex(&four->sin_addr, sizeof(four->sin_addr)), port);
    // One on every IPv6 address may take IPv4, too.
    if (!found.has_value()) found = FindTcp("/proc/net/tcp6", kNoHost, port);
  } else {
    const auto* const six = static_cast<const sockaddr_in6*>(generic);
    found = FindTcp("/proc/net/tcp6", InHex(&six->sin6_addr, sizeof(six->sin6_addr)), ntohs(six->sin6_port));
  }
  if (!found.has_value()) return std::nullopt;
  return HoldersOf(*found);
}

std::optional<SocketHolders> HoldersOf(const std::string& path) {
  // The kernel knows a socket by the path that it was bound with: a relative one means another file
  // elsewhere.
  if (!path.starts_with('/')) return std::nullopt;
  const std::optional<Socket> found = FindUnix(path);
  if (!found.has_value()) return std::nullopt;
  return HoldersOf(*found);
}

}  // namespace fectl::platform
