"""The soak's judge finds what it is there for, when it is planted, and nothing else."""

import math

import pytest

from testdata.e2e.load import Tally
from testdata.soak.judge import GROWTH_KIB_MAX, judge_access_logs, judge_loads, judge_log, judge_samples
from testdata.soak.stage import ROUGH_CLIENTS, Sample


def _samples(count: int = 40, leaked_kib: float = 0, leaked_fds: int = 0, zombies: int = 0) -> list[Sample]:
    """A master that warms up in the first quarter and then leaks this much until the end."""
    found = []
    for i in range(count):
        warm = min(1.0, 4 * i / count)
        late = max(0.0, (i - count / 4) / (count * 3 / 4))
        found.append(Sample(seconds=60.0 * i, resident_kib=int(8000 + 1000 * warm + leaked_kib * late + i % 7),
                            own_kib=int(4000 + 1000 * warm + leaked_kib * late + i % 5),
                            descriptors=30 + math.ceil(leaked_fds * late), processes=10 + math.ceil(zombies * late)))
    return found


def test_a_flat_master_is_in_order() -> None:
    assert judge_samples(_samples()) == []


def test_a_leak_of_memory_is_found() -> None:
    violations = judge_samples(_samples(leaked_kib=2 * GROWTH_KIB_MAX))
    assert [words.split()[0] for words in violations] == ["resident_kib", "own_kib"]


def test_one_leaked_descriptor_is_found() -> None:
    assert judge_samples(_samples(leaked_fds=1)) == ["descriptors at rest: [30, 31]; it must always be the same number"]


def test_one_leaked_process_is_found() -> None:
    assert judge_samples(_samples(zombies=1)) == ["processes at rest: [10, 11]; it must always be the same number"]


def test_too_few_samples_prove_nothing() -> None:
    assert judge_samples(_samples(count=7)) != []


@pytest.mark.parametrize(
    ("service", "failed", "killed", "violations"),
    [("gentle", 0, 5, 0), ("gentle", 1, 5, 1), ("deployed", 1, 5, 1), ("rough", 1, 0, 1),
     ("rough", 5 * sum(ROUGH_CLIENTS.values()), 5, 0), ("rough", 1 + 5 * sum(ROUGH_CLIENTS.values()), 5, 1)])
def test_only_what_was_killed_is_excused(service: str, failed: int, killed: int, violations: int) -> None:
    assert len(judge_loads({service: Tally(answered=100, failed=failed)}, killed)) == violations


def test_a_load_that_was_none_is_found() -> None:
    assert judge_loads({"gentle": Tally()}, 0) == ["gentle answered nothing"]


def test_an_answer_that_no_access_log_shows_is_found() -> None:
    tallies = {"wsgi": Tally(answered=100), "python": Tally(answered=100)}
    assert judge_access_logs({"wsgi": 100, "python": 123}, tallies) == []
    assert judge_access_logs({"wsgi": 99, "python": 123}, tallies) == [
        "wsgi: 100 answers, but only 99 lines in its access logs"]


def test_a_log_line_that_nobody_expects_is_found() -> None:
    assert judge_log(_LOG) == []
    for odd in _ODD.splitlines():
        assert judge_log(_LOG + odd + "\n") == [f"1 unexplained log lines, the first: [{odd!r}]"]


_LOG = """
2026-01-02T03:34:03Z I fectl 1.0.0 (pid 31112) serves fectld.sock
2026-01-02T03:34:03Z I socket gentle listens on 127.0.0.1:20613
2026-01-02T03:34:03Z I service gentle worker(1) pid 31113: starting: first start
2026-01-02T03:34:04Z I service gentle worker(1) pid 31113: running
2026-01-02T03:34:05Z I user 0 (pid 31200) asks: Reload gentle
2026-01-02T03:34:05Z I service gentle worker(1) pid 31113: stopping old: asked for by an operator
2026-01-02T03:34:05Z I service gentle worker(1) pid 31113: stopped: exited with code 0
2026-01-02T03:34:30Z W service rough worker(3) pid 8164: lost: sent no heartbeat for 4 s
2026-01-02T03:34:30Z W service rough worker(3) pid 8165: lost: was killed by SIGSEGV
2026-01-02T03:34:31Z I service churned worker(1) pid 8: reload given up: the service is to stop
2026-01-02T03:34:30Z E service rough worker(3): crashing: lost 2 times in a row; it was killed by SIGSEGV
2026-01-02T03:34:40Z I service rough worker(3) pid 8166: recovered
2026-01-02T03:34:31Z E service deployed worker(1) pid 9: reload failed: did not say `loaded` within 15 s
2026-01-02T03:34:31Z I service deployed worker(2): stopped: could not be started: cannot execute it: Permission denied
2026-01-02T03:34:31Z I service deployed worker(2) pid 10: stopped: exited with code 99 (initialisation failed)
""".lstrip()

_ODD = """
Segmentation fault
2026-01-02T03:34:30Z W service gentle worker(3) pid 8164: lost: was killed by SIGSEGV
2026-01-02T03:34:30Z W service rough worker(3) pid 8164: lost: broke the worker protocol
2026-01-02T03:34:30Z E service gentle worker(1): crashing: lost 2 times in a row; it was killed by SIGSEGV
2026-01-02T03:34:31Z I service gentle worker(1) pid 8: reload given up: the service is to stop
2026-01-02T03:34:30Z E a log file could not be opened anew: no space
2026-01-02T03:34:30Z W 3 lines were lost
2026-01-02T03:34:30Z W user 1000 (pid 31200) asks: Reload gentle: refused, may observe but not operate
""".lstrip()
