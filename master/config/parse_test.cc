#include "master/config/parse.h"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/keys.h"
#include "master/config/load_result.h"
#include "master/config/print_toml.h"

namespace fectl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kWeb[] = "[[service]]\nname = 'web'\nnum = 1\ncommand = '/bin/sh'\n";

TEST(Parse, DefaultsAreThoseOfTheSpecification) {
  const LoadResult result = Parse(std::string("[[socket]]\nname = 'http'\nport = 80\n") + kWeb, "f");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_EQ(result.config.master, MasterConfig());
  EXPECT_EQ(result.config.master.sock, "fectld.sock");
  const SocketConfig& socket = result.config.sockets.at(0);
  EXPECT_EQ(socket.backlog, 256);
  EXPECT_EQ(socket.proto, SocketProto::kTcp4);
  EXPECT_TRUE(socket.services.empty());
  const ServiceConfig& service = result.config.services.at(0);
  EXPECT_EQ(service.restarts, 3);
  EXPECT_EQ(service.timeout_ms, 10'000);
  EXPECT_EQ(service.startup_timeout_ms, 30'000);
  EXPECT_EQ(service.shutdown_timeout_ms, 30'000);
  EXPECT_EQ(service.max_lease_ms, 300'000);
}

constexpr char kEveryKey[] = R"(
[master]
sock = "a"
directory = "b"
pid = "c"
uid = "d"
gid = 5
stdout = "e"
stderr = "f"
allow = "observe:w"
on_failure = "exit"
stop_delay = 1.5
termination_message = "x"
[logging]
level = "error"
service = "file"
name = "g"
facility = "mail"
[[socket]]
name = "tcp"
port = 1
host = "h"
backlog = 2
proto = "tcp6"
service = "web"
app = "i"
arguments = ["j", "k"]
[[socket]]
name = "file"
proto = "unix"
path = "l"
mode = 0o640
owner = "m"
group = "n"
[[service]]
name = "web"
num = 3
command = "o 'p q'"
directory = "r"
restarts = 4
uid = 5
gid = "s"
timeout = 6
startup_timeout = 7
shutdown_timeout = 8.5
max_lease = 9.5
stdout = "t"
stderr = "u"
environ = ["V=w"]
max_surge = 9
no_new_privileges = false
essential = true
)";

TEST(Parse, ReadsEveryKey) {
  const LoadResult result = Parse(kEveryKey, "f");
  ASSERT_EQ(result.Describe(), "");
  const Config& c = result.config;
  EXPECT_EQ(c.master, (MasterConfig{"a",
                                    "b",
                                    "c",
                                    Account{"d", {}},
                                    Account{"", 5u},
                                    "e",
                                    "f",
                                    {Grant{Role::kObserve, false, Account{"w", {}}, {}}},
                                    true,
                                    1'500,
                                    "x",
                                    {}}));
  EXPECT_EQ(c.logging, (LoggingConfig{LogLevel::kError, LogTarget::kFile, "g", "mail"}));
  SocketConfig tcp;
  tcp.name = "tcp";
  tcp.proto = SocketProto::kTcp6;
  tcp.host = "h";
  tcp.port = 1;
  tcp.backlog = 2;
  tcp.services = {"web"};
  tcp.app = "i";
  tcp.arguments = {"j", "k"};
  SocketConfig file;
  file.name = "file";
  file.proto = SocketProto::kUnix;
  file.path = "l";
  file.mode = 0640;
  file.owner = Account{"m", {}};
  file.group = Account{"n", {}};
  EXPECT_THAT(c.sockets, ElementsAre(tcp, file));
  ServiceConfig web;
  web.name = "web";
  web.num = 3;
  web.command = {"o", "p q"};
  web.directory = "r";
  web.restarts = 4;
  web.uid = Account{"", 5u};
  web.gid = Account{"s", {}};
  web.timeout_ms = 6000;
  web.startup_timeout_ms = 7000;
  web.shutdown_timeout_ms = 8500;
  web.max_lease_ms = 9500;
  web.stdout_path = "t";
  web.stderr_path = "u";
  web.environ = {{"V", "w"}};
  web.max_surge = 9;
  web.no_new_privileges = false;
  web.essential = true;
  EXPECT_THAT(c.services, ElementsAre(web));
  EXPECT_EQ(result.lines.Find("service.web.max_surge"), 50);
}

// Each key of each section with a value of each type: accepted, or refused in one sentence with its line.
TEST(Parse, EveryKeyTakesOrRefusesEveryType) {
  const char* const kValues[] = {"'text'", "5",   "5.5",     "true",       "1979-05-27", "07:32:00",
                                 "['a']",  "[5]", "[['a']]", "[{}]",       "{a = 'b'}",  "[]",
                                 "{}",     "''",  "-1",      "99999999999"};
  for (const SectionKeys& section : kSections) {
    for (std::string_view key : section.keys) {
      for (const char* value : kValues) {
        const std::string text =
            std::string(section.written) + "\n" + std::string(key) + " = " + value + "\n";
        const LoadResult result = Parse(text, "f");
        int told = 0;
        for (const Problem& problem : result.problems) {
          EXPECT_THAT(problem.text, Not(HasSubstr("unknown"))) << text;
          if (problem.line == 2) ++told;
        }
        EXPECT_LE(told, 1) << text << result.Describe();
        // What nothing was said of can be printed.
        EXPECT_NE(PrintToml(result.config), "");
      }
    }
  }
}

TEST(Parse, ModesAreOctal) {
  const auto mode = [](const std::string& written) {
    return Parse("[[socket]]\nname = 's'\nproto = 'unix'\npath = 's'\nmode = " + written + "\n" + kWeb, "f");
  };
  for (const char* written : {"'660'", "'0660'", "'0o660'", "0o660"}) {
    const LoadResult result = mode(written);
    EXPECT_EQ(result.Describe(), "") << written;
    EXPECT_EQ(result.config.sockets[0].mode, 0660u) << written;
  }
  for (const char* written :
       {"660", "432", "'1777'", "'0o'", "'8'", "'-660'", "''", "'u=rw'", "0x1b0", "true", "0o1000"}) {
    EXPECT_FALSE(mode(written).ok()) << written;
  }
}

TEST(Parse, VariablesKeepTheirOrderAndWhatIsBehindTheFirstEqualsSign) {
  const LoadResult result =
      Parse(std::string(kWeb) + "environ = ['B=1=2', 'A=', 'PASSED_ON', 'FECTL_PYTHON=x']\n", "f");
  ASSERT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.services[0].environ,
              ElementsAre(Pair("B", "1=2"), Pair("A", ""), Pair("FECTL_PYTHON", "x")));
  EXPECT_THAT(result.config.services[0].environ_passed, ElementsAre("PASSED_ON"));
}

TEST(Parse, LineEndsOfOtherSystemsChangeNothing) {
  std::string text;
  for (char c : std::string(kWeb)) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const LoadResult result = Parse("\xEF\xBB\xBF" + text, "f");
  EXPECT_EQ(result.Describe(), "");
  EXPECT_EQ(result.config, Parse(kWeb, "f").config);
}

TEST(Parse, NoMoreProblemsThanAPersonReads) {
  std::string text = kWeb;
  for (int i = 0; i < 5'000; ++i) text += "[[service]]\n";
  const LoadResult result = Parse(text, "f");
  ASSERT_THAT(result.problems, SizeIs(101));
  EXPECT_EQ(result.problems.back().ToString(), "f: and 14900 more problems like these");
}

TEST(Parse, ALargeConfigurationIsRead) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) {
    const std::string name = "web" + std::to_string(i);
    absl::StrAppend(&text, "[[service]]\nname = '", name, "'\nnum = 1\ncommand = 'run'\n");
    absl::StrAppend(&text, "[[socket]]\nname = '", name, "'\nport = ", 10'000 + i, "\nservice = ['", name,
                    "']\n");
  }
  const LoadResult result = Parse(text, "f");
  EXPECT_EQ(result.Describe(), "");
  EXPECT_THAT(result.config.services, SizeIs(5'000));
}

// A text with every construct, for the tests below.
constexpr char kDense[] = R"(# comment
master.sock = "\u00e9\t" # dotted
[logging]
"level" = 'info'
[[socket]]
name = """h\
  ttp"""
port = 0x1F90
service = ["web", # first
  'api', ]
arguments = []
[[socket]]
name = "u"
proto = "unix"
path = "p"
mode = 0o600
[[service]]
name = "web"
num = 1_0
command = ["sh", "-c", '''x
y''']
timeout = 1.5e0
environ = ["A=1979-05-27T07:32:00Z"]
[[service]]
name = "api"
num = 2
command = "sh \"a b\" 'c'"
)";

TEST(Parse, TheDenseTextIsGood) {
  EXPECT_EQ(Parse(kDense, "f").Describe(), "");
}

TEST(Parse, EveryPrefixAndSuffixIsHarmless) {
  const std::string text = kDense;
  for (size_t i = 0; i <= text.size(); ++i) {
    Parse(text.substr(0, i), "f");
    Parse(text.substr(i), "f");
  }
}

// Bytes changed, doubled, removed and moved at random, always the same ones. Whatever comes out is either a
// configuration that survives printing, or has a problem with it. FECTL_DAMAGE_ROUNDS=100000
// (--test_env) makes it a long one.
TEST(Parse, RandomDamageIsHarmless) {
  std::mt19937 random(20240501);
  const std::string alphabet = "[]{}=.\"'\\#\n ,-+_:0123456789aeflnortuxTZ\t\r\x01\xC3\xA9";
  const char* wanted = std::getenv("FECTL_DAMAGE_ROUNDS");
  const int rounds = wanted == nullptr ? 1'000 : std::atoi(wanted);
  for (int round = 0; round < rounds; ++round) {
    std::string text = kDense;
    const unsigned edits = 1 + random() % 8;
    for (unsigned i = 0; i < edits; ++i) {
      const size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 4) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1 + random() % 3, c);
          break;
        case 2:
          text.erase(at, 1 + random() % 20);
          break;
        default:
          text.insert(random() % text.size(), text.substr(at, random() % 30));
      }
      if (text.empty()) text = " ";
    }
    const LoadResult result = Parse(text, "f");
    if (!result.ok()) continue;
    const std::string printed = PrintToml(result.config);
    const LoadResult again = Parse(printed, "again");
    ASSERT_TRUE(again.ok()) << text << printed << again.Describe();
    ASSERT_EQ(again.config, result.config) << text << printed;
  }
}

}  // namespace
}  // namespace fectl::config
