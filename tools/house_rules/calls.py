"""Where the kernel may be asked: starting, ending and waiting for processes, closing, reading the clock, sleeping."""

import re
from collections.abc import Iterator

from tools.house_rules.build_files import testonly_sources
from tools.house_rules.tree import Finding, Source, Tree


def _free_call(names: str) -> re.Pattern[str]:
    """A call of one of these functions, plain or with "::" before it, but not of some object's or class's member."""
    return re.compile(rf"(?:(?<![\w.>:])(?:::|std::|absl::)?|(?<=[^\w>]::))\b(?:{names})\s*\(")


# Rule, what it looks for in C++, what to do instead.
_CPP_RULES = [
    (
        "fork",
        _free_call(r"v?fork|_Fork|clone3?|exec[lv]p?e?|execvpe|fexecve|execveat|posix_spawnp?|system|popen|daemon"),
        re.compile(r"\b(?:SYS|__NR)_(?:v?fork|clone3?|execve|execveat)\b"),
        "processes are started by the launcher only",
    ),
    (
        "kill",
        _free_call(r"kill|killpg|tg?kill|pidfd_send_signal|sigqueue|waitid|waitpid|wait[34]?|raise"),
        re.compile(r"\b(?:SYS|__NR)_(?:t?g?kill|pidfd_send_signal|waitid|wait4)\b"),
        "one place waits for processes and sends them signals",
    ),
    (
        "close",
        _free_call(r"close|close_range|closefrom|fclose"),
        re.compile(r"\b(?:SYS|__NR)_close(?:_range)?\b"),
        "a descriptor is closed by its owner's type",
    ),
    (
        "clock",
        _free_call(r"clock_gettime|gettimeofday|timespec_get|time|ftime|GetCurrentTimeNanos"),
        re.compile(r"\b(?:absl::Now|\w+_clock::now|(?:SYS|__NR)_(?:clock_gettime|gettimeofday|time))\b"),
        "time is handed in; one file reads the clock",
    ),
]
_CPP_SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|SleepFor|usleep|(?:clock_)?nanosleep)\b|(?<![\w.>])sleep\s*\(")
_PYTHON_SLEEP = re.compile(r"\btime\.sleep\b|\bfrom time import [^\n]*\bsleep\b")
# Waiting for no time lets the others of a loop run: that is not sleeping.
_PYTHON_TEST_SLEEP = re.compile(r"\b(?:asyncio|gevent)\.sleep\s*\((?!\s*0?\s*\))")
_PYTHON_FORK = re.compile(r"\bos\.(?:fork|forkpty|exec[lv]p?e?|posix_spawnp?|system|popen)\b|\bsubprocess\b")
_PYTHON_KILL = re.compile(r"\bos\.(?:kill|killpg|wait|waitpid|waitid|wait3|wait4)\b")


def check(tree: Tree) -> Iterator[Finding]:
    for_tests = testonly_sources(tree)
    for source in tree.sources:
        if source.is_cpp:
            yield from _check_cpp(source, source.is_product and source.path not in for_tests)
        elif source.is_python:
            yield from _check_python(source)


def _check_cpp(source: Source, is_product: bool) -> Iterator[Finding]:
    if is_product:
        for rule, call, number, advice in _CPP_RULES:
            for pattern in (call, number):
                yield from _matches(source, pattern, rule, advice)
    yield from _matches(source, _CPP_SLEEP, "sleep", "wait until something holds, with a deadline, instead of sleeping")


def _check_python(source: Source) -> Iterator[Finding]:
    advice = "wait until something holds, with a deadline, instead of sleeping"
    yield from _matches(source, _PYTHON_SLEEP, "sleep", advice)
    if source.is_test:
        yield from _matches(source, _PYTHON_TEST_SLEEP, "sleep", advice)
    if source.is_product:
        yield from _matches(source, _PYTHON_FORK, "fork", "a worker starts no processes")
        yield from _matches(source, _PYTHON_KILL, "kill", "a worker neither signals nor reaps processes")


def _matches(source: Source, pattern: re.Pattern[str], rule: str, advice: str) -> Iterator[Finding]:
    for match in pattern.finditer(source.code):
        word = match.group(0).strip().rstrip("(").strip()
        yield Finding(source.path, source.line_of(match.start()), rule, f"{word}: {advice}")
