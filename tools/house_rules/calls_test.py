"""Asking the kernel outside the files meant for it."""

import pytest

from tools.house_rules import calls
from tools.house_rules.tree import Tree

PRODUCT = "master/runtime/x.cc"
SLEEP = "sle" + "ep"


def rules(path: str, text: str) -> list[str]:
    return [finding.rule for finding in calls.check(Tree.of(**{path: text}))]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("fork", "pid_t p = fork();"),
        ("fork", "if (::vfork() == 0) {"),
        ("fork", "x = syscall(SYS_clone3, &a, sizeof(a));"),
        ("fork", "execve(path, argv, envp);"),
        ("fork", "posix_spawn(&pid, path, 0, 0, argv, envp);"),
        ("fork", "std::system(command);"),
        ("kill", "kill(pid, SIGKILL);"),
        ("kill", "return ::kill(-pid, SIGKILL);"),
        ("kill", "waitid(P_ALL, 0, &info, WEXITED);"),
        ("kill", "syscall(SYS_pidfd_send_signal, fd, 9, 0, 0);"),
        ("kill", "(void)waitpid(pid, &status, 0);"),
        ("close", "close(fd);"),
        ("close", "::close(fd);"),
        ("close", "close_range(3, ~0u, 0);"),
        ("clock", "clock_gettime(CLOCK_MONOTONIC, &ts);"),
        ("clock", "auto now = std::chrono::steady_clock::now();"),
        ("clock", "absl::Now();"),
        ("clock", "t = time(nullptr);"),
    ],
)
def test_calls_are_found_in_the_product(rule: str, text: str) -> None:
    assert rules(PRODUCT, text) == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "loop.close(fd);",
        "children->kill(pid);",
        "Children::kill(pid);",
        "// fork() is called elsewhere",
        'LOG(INFO) << "kill(9)";',
        "uptime(3);",
        "int close_time = 3;",
        "timer.wait(x);",
        "clock.Now();",
        "const Moment now = Now();",
    ],
)
def test_members_comments_and_other_words_are_not(text: str) -> None:
    assert rules(PRODUCT, text) == []


def test_tests_and_guests_may_ask_the_kernel() -> None:
    for path in ("master/platform/children/launcher_test.cc", "testdata/guests/deaf.cc", "worker_sdk/testing/x.cc"):
        assert rules(path, "kill(fork(), 9);") == []


def test_so_may_what_only_tests_may_use() -> None:
    files = {"client/x.cc": "fork();\n"}
    build = 'package(default_testonly = True)\ncc_library(name = "x", srcs = ["x.cc"])\n'
    assert list(calls.check(Tree.of(**files, **{"client/BUILD.bazel": build}))) == []
    assert len(list(calls.check(Tree.of(**files, **{"client/BUILD.bazel": build.replace("True", "False")})))) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"std::this_thread::{SLEEP}_for(std::chrono::seconds(1));",
        f"u{SLEEP}(3);",
        f"nano{SLEEP}(&a, &b);",
        f"{SLEEP}(1);",
        f"absl::{SLEEP.capitalize()}For(x);",
    ],
)
def test_sleeping_is_found_in_tests_too(text: str) -> None:
    assert rules("master/core/x_test.cc", text) == ["sleep"]
    assert rules(PRODUCT, text) == ["sleep"]


def test_sleeping_in_python() -> None:
    assert rules("testdata/e2e/x_test.py", f"import time\ntime.{SLEEP}(1)\n") == ["sleep"]
    assert rules("testdata/e2e/x_test.py", f"from time import monotonic, {SLEEP}\n") == ["sleep"]
    assert rules("testdata/e2e/x_test.py", f"await asyncio.{SLEEP}(0.1)\n") == ["sleep"]
    assert rules("testdata/e2e/x_test.py", f"await asyncio.{SLEEP}(0)\n") == []
    assert rules("python/fectl_worker/x.py", f"await asyncio.{SLEEP}(delay)\n") == []
    assert rules("python/fectl_worker/x.py", f"time.{SLEEP}(1)\n") == ["sleep"]


def test_processes_in_python() -> None:
    assert rules("python/fectl_worker/x.py", "import subprocess\n") == ["fork"]
    assert rules("python/fectl_worker/x.py", "os.fork()\n") == ["fork"]
    assert rules("python/fectl_worker/x.py", "os.kill(1, 9)\n") == ["kill"]
    assert rules("python/fectl_worker/x_test.py", "os.kill(1, 9)\nimport subprocess\n") == []


def test_the_line_is_told() -> None:
    finding = next(calls.check(Tree.of(**{PRODUCT: "int a;\n\n  fork();\n"})))
    assert str(finding).startswith("master/runtime/x.cc:3: fork: ")
