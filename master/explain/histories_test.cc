// The histories of testdata/why/histories.txt: what happens to a supervisor, and what is said then about why
// it is as it is. WHY_WRITE=1 writes the answers anew; commit that only when each difference is understood.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "master/core/boundary/events.h"
#include "master/core/boundary/policy.h"
#include "master/core/testing/script.h"
#include "master/explain/explain.h"
#include "master/explain/worker.h"

namespace fectl::explain {
namespace {

constexpr char kPath[] = "testdata/why/histories.txt";

core::Span Seconds(const std::string& text) {
  return core::Milliseconds(static_cast<int64_t>(std::stod(text) * 1000));
}

std::vector<std::string> Listed(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) names.push_back(name);
  return names;
}

// "web num=2 restarts=3"
core::ServicePolicy ReadPolicy(std::istringstream& words) {
  core::ServicePolicy policy;
  words >> policy.name;
  for (std::string word; words >> word;) {
    const std::string key = word.substr(0, word.find('='));
    const std::string value = word.substr(key.size() + 1);
    const std::map<std::string, std::function<void()>> keys = {
        {"num", [&] { policy.num = static_cast<uint32_t>(std::stoul(value)); }},
        {"restarts", [&] { policy.restarts = static_cast<uint32_t>(std::stoul(value)); }},
        {"max_surge", [&] { policy.rollout.max_surge = static_cast<uint32_t>(std::stoul(value)); }},
        {"timeout", [&] { policy.timeout = Seconds(value); }},
        {"startup_timeout", [&] { policy.startup_timeout = Seconds(value); }},
        {"shutdown_timeout", [&] { policy.shutdown_timeout = Seconds(value); }},
        {"after", [&] { policy.after = Listed(value); }},
        {"requires", [&] { policy.require = Listed(value); }},
        {"before_roll", [&] { policy.before_roll = value; }},
        {"oneshot", [&] { policy.oneshot = value == "yes"; }},
        {"autostart", [&] { policy.autostart = value == "yes"; }},
    };
    const auto found = keys.find(key);
    if (found == keys.end()) {
      ADD_FAILURE() << "what is " << word << "?";
    } else {
      found->second();
    }
  }
  return policy;
}

// One history: a supervisor that is told line after line what happens.
class Telling {
 public:
  explicit Telling(const std::vector<core::ServicePolicy>& policies)
      : script_(policies), policies_(policies) {}

  // False: no such line.
  bool Do(const std::string& verb, std::istringstream& words) {
    return OfPeople(verb, words) || OfProcess(verb, words);
  }

  // `about`: web, or web/2. The answer as lines.
  std::string Why(const std::string& about) const {
    const size_t slash = about.find('/');
    const core::Service& service = script_.service(IdOf(about.substr(0, slash)));
    const proto::WhyView view =
        slash == std::string::npos
            ? ExplainService(script_.supervisor(), service, script_.at())
            : ExplainWorker(service, static_cast<uint32_t>(std::stoul(about.substr(slash + 1)) - 1),
                            script_.at());
    std::ostringstream out;
    out << "  " << view.state << " for " << view.since_s << " s";
    if (view.since_at == 0) out << ", since nobody knows when";
    out << "\n";
    for (const std::string& line : {view.what, view.because, view.next, view.change})
      if (!line.empty()) out << "  " << line << "\n";
    return out.str();
  }

 private:
  core::ServiceId IdOf(const std::string& name) const {
    for (core::ServiceId id = 0; id < policies_.size(); ++id) {
      if (policies_[id].name == name) return id;
    }
    ADD_FAILURE() << "there is no service " << name;
    return 0;
  }

  // Workers that serve send a heartbeat each second, but for those that were silenced.
  void Pass(core::Span time) {
    const core::Instant end = script_.now() + time;
    while (script_.now() < end) {
      script_.Pass(std::min(core::Seconds(1), end - script_.now()));
      for (const int32_t pid : loaded_) {
        if (silent_.count(pid) == 0) script_.Beat(pid);
      }
    }
  }

  bool OfPeople(const std::string& verb, std::istringstream& words) {
    constexpr std::pair<const char*, core::Verb> kCommands[] = {
        {"start", core::Verb::kStart},     {"stop", core::Verb::kStop},   {"reload", core::Verb::kReload},
        {"restart", core::Verb::kRestart}, {"pause", core::Verb::kPause}, {"resume", core::Verb::kResume},
    };
    std::string word;
    for (const auto& [name, command] : kCommands) {
      if (verb != name) continue;
      words >> word;
      script_.Command(command, IdOf(word));
      return true;
    }
    uint32_t number = 0;
    if (verb == "boot") {
      script_.Boot();
    } else if (verb == "pass") {
      words >> word;
      Pass(Seconds(word));
    } else if (verb == "resize") {
      words >> word >> number;
      script_.Step(core::ServiceResized{IdOf(word), number});
    } else if (verb == "remove") {
      words >> word;
      script_.Step(core::ServiceRemoved{IdOf(word)});
    } else if (verb == "shutdown") {
      script_.Shutdown(true);
    } else if (verb == "starts-fail" || verb == "no-room") {
      std::getline(words >> std::ws, word);
      script_.BreakSpawning(
          word, verb == "no-room" ? core::StartFailure::kTransient : core::StartFailure::kPermanent);
    } else if (verb == "starts-work") {
      script_.MendSpawning();
    } else {
      return false;
    }
    return true;
  }

  bool OfProcess(const std::string& verb, std::istringstream& words) {
    int32_t pid = 0;
    int32_t number = 0;
    std::string text;
    words >> pid;
    if (pid < 1 || pid > script_.Spawns()) return false;
    if (verb == "load") {
      do {
        script_.Load(pid);
        loaded_.insert(pid);
      } while (words >> pid);
    } else if (verb == "silent") {
      silent_.insert(pid);
    } else if (verb == "exit" || verb == "killed" || verb == "exit-leaving-others") {
      words >> number;
      std::getline(words >> std::ws, text);
      script_.Step(core::Exited{.who = script_.Who(pid),
                                .signaled = verb == "killed",
                                .number = number,
                                .core_dumped = text == "core",
                                .group_left = verb == "exit-leaving-others"});
    } else if (verb == "says-config-error" || verb == "violates") {
      std::getline(words >> std::ws, text);
      verb == "violates" ? script_.Violate(pid, text) : script_.ConfigError(pid, text);
    } else if (verb == "closes-pipe") {
      script_.CloseChannel(pid);
    } else if (verb == "begins-message") {
      script_.BeginMessage(pid);
    } else if (verb == "asks") {
      script_.Ask(pid);
    } else {
      return false;
    }
    return true;
  }

  core::Script script_;
  std::vector<core::ServicePolicy> policies_;
  std::set<int32_t> loaded_;
  std::set<int32_t> silent_;
};

struct Section {
  std::string title;
  std::vector<std::string> lines;
};

std::vector<Section> Read(std::string* head) {
  std::vector<Section> sections;
  std::ifstream file(kPath);
  EXPECT_TRUE(file.is_open()) << kPath;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      sections.push_back({line.substr(3), {}});
    } else if (sections.empty()) {
      *head += line + "\n";
    } else if (!line.empty()) {
      sections.back().lines.push_back(line);
    }
  }
  return sections;
}

// The lines with the answers that are given now.
std::string Play(const Section& section) {
  std::vector<core::ServicePolicy> policies;
  std::string played;
  for (const std::string& line : section.lines) {
    if (!line.starts_with("service ")) continue;
    std::istringstream words(line.substr(8));
    policies.push_back(ReadPolicy(words));
  }
  Telling telling(policies);
  for (const std::string& line : section.lines) {
    if (line.starts_with("  ")) continue;  // an answer
    played += line + "\n";
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "service") continue;
    if (verb == "why") {
      std::string about;
      words >> about;
      played += telling.Why(about);
    } else {
      EXPECT_TRUE(telling.Do(verb, words)) << line;
    }
  }
  return played;
}

TEST(Histories, AreExplainedInTheseWords) {
  std::string head;
  const std::vector<Section> sections = Read(&head);
  EXPECT_GE(sections.size(), 40U);
  std::string all = head;
  std::set<std::string> titles;
  for (const Section& section : sections) {
    EXPECT_TRUE(titles.insert(section.title).second) << section.title << " is there twice";
    std::string written;
    for (const std::string& line : section.lines) written += line + "\n";
    EXPECT_NE(written.find("\nwhy "), std::string::npos) << section.title << " asks nothing";
    const std::string played = Play(section);
    EXPECT_EQ(played, written) << section.title;
    all += "== " + section.title + "\n" + played + "\n";
  }
  if (std::getenv("WHY_WRITE") != nullptr) std::ofstream(kPath) << all.substr(0, all.size() - 1);
}

}  // namespace
}  // namespace fectl::explain
