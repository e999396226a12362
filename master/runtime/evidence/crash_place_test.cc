#include "master/runtime/evidence/crash_place.h"

#include <gtest/gtest.h>

#include <string>

namespace fectl::runtime {
namespace {

TEST(CrashPlace, OfATracebackIsTheInnermostFunctionOfTheApplication) {
  EXPECT_EQ(
      CrashPlace("serving\n"
                 "Traceback (most recent call last):\n"
                 "  File \"/srv/shop/main.py\", line 3, in <module>\n"
                 "    main()\n"
                 "  File \"/srv/shop/db.py\", line 88, in query\n"
                 "    return json.loads(row)\n"
                 "           ^^^^^^^^^^^^^^^\n"
                 "  File \"/usr/lib/python3.11/json/decoder.py\", line 355, in raw_decode\n"
                 "    raise JSONDecodeError(\"Expecting value\", s, err.value) from None\n"
                 "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n"
                 "bye\n"),
      "crashed in `query` db.py:88: json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)");
}

TEST(CrashPlace, OfAChainOfExceptionsIsTheLastOne) {
  EXPECT_EQ(CrashPlace("Traceback (most recent call last):\n"
                       "  File \"/srv/a.py\", line 1, in a\n"
                       "KeyError: 'x'\n"
                       "\n"
                       "During handling of the above exception, another exception occurred:\n"
                       "\n"
                       "Traceback (most recent call last):\n"
                       "  File \"/srv/b.py\", line 2, in b\n"
                       "ValueError: y\n"),
            "crashed in `b` b.py:2: ValueError: y");
}

TEST(CrashPlace, OfLibrariesAloneIsTheInnermostFunction) {
  EXPECT_EQ(CrashPlace("Traceback (most recent call last):\n"
                       "  File \"<frozen runpy>\", line 198, in _run_module_as_main\n"
                       "  File \"/usr/lib/python3/dist-packages/x.py\", line 2, in b\n"
                       "ValueError\n"),
            "crashed in `b` x.py:2: ValueError");
}

TEST(CrashPlace, OfFaulthandlerIsOfTheThreadThatCrashed) {
  EXPECT_EQ(CrashPlace("Fatal Python error: Segmentation fault\n"
                       "\n"
                       "Thread 0x00007f10 (most recent call first):\n"
                       "  File \"/srv/other.py\", line 1 in wait\n"
                       "\n"
                       "Current thread 0x00007f11 (most recent call first):\n"
                       "  File \"/usr/lib/python3.11/ctypes/__init__.py\", line 517 in string_at\n"
                       "  File \"/srv/shop/db.py\", line 88 in query\n"
                       "  File \"/srv/shop/main.py\", line 3 in <module>\n"
                       "\n"
                       "Extension modules: a (total: 1)\n"),
            "crashed in `query` db.py:88");
}

TEST(CrashPlace, OfCppIsWhatWasThrown) {
  EXPECT_EQ(CrashPlace("terminate called after throwing an instance of 'std::runtime_error'\n"
                       "  what():  no such row\n"),
            "crashed: std::runtime_error: no such row");
  EXPECT_EQ(CrashPlace("terminate called after throwing an instance of 'int'\n"), "crashed: int");
}

TEST(CrashPlace, OfOtherWordsIsNothing) {
  EXPECT_EQ(CrashPlace(""), "");
  EXPECT_EQ(CrashPlace("one\n  File \"/a.py\", line 1, in b\ntwo"), "") << "no traceback has begun";
  EXPECT_EQ(CrashPlace("Traceback (most recent call last):\n  File \"x, line y in\n"), "");
  EXPECT_EQ(CrashPlace("  what():  x\n"), "");
}

TEST(CrashPlace, IsShortAndSafeForATerminal) {
  const std::string long_one = CrashPlace(
      "Traceback (most recent call last):\n  File \"/a.py\", line 1, in b\n\x1b[2J" + std::string(5000, 'x'));
  EXPECT_EQ(long_one.find('\x1b'), std::string::npos);
  EXPECT_LT(long_one.size(), 300U);
}

}  // namespace
}  // namespace fectl::runtime
