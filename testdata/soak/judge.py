"""What a soak must not show. Pure: what was seen goes in, violations in words come out."""

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence

from testdata.e2e.load import Tally
from testdata.soak.stage import ROUGH_CLIENTS, Sample

# The first quarter fills what has a limit: the events that are kept of each worker, buffers, the allocator's own lists.
# From the second on the master's memory may differ by this much; the median of a quarter is compared.
GROWTH_KIB_MAX = 256


def quarters(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    count = len(samples)
    return [samples[count * i // 4 : count * (i + 1) // 4] for i in range(4)]


def growth(samples: Sequence[Sample], field: str) -> tuple[list[float], float]:
    """The medians of the quarters, and how far the last two are above the second."""
    medians = [statistics.median(getattr(sample, field) for sample in quarter) for quarter in quarters(samples)]
    return medians, max(medians[2:]) - medians[1]


def judge_samples(samples: Sequence[Sample]) -> list[str]:
    if len(samples) < 8:
        return [f"only {len(samples)} samples: too short to compare quarters"]
    violations = []
    for field in ("resident_kib", "own_kib"):
        medians, grown = growth(samples, field)
        if grown > GROWTH_KIB_MAX:
            violations.append(f"{field} grew by {grown:.0f} KiB (quarters {medians}); at most {GROWTH_KIB_MAX}")
    # At rest these are known exactly.
    for field in ("descriptors", "processes"):
        seen = {getattr(sample, field) for sample in samples}
        if len(seen) > 1:
            violations.append(f"{field} at rest: {sorted(seen)}; it must always be the same number")
    return violations


def judge_loads(tallies: Mapping[str, Tally], killed: int) -> list[str]:
    """A worker that is killed takes at most one request of each client along."""
    violations = []
    for name, tally in tallies.items():
        excused = killed * sum(ROUGH_CLIENTS.values()) if name == "rough" else 0
        if tally.failed > excused:
            violations.append(f"{name} lost {tally.failed} requests, {excused} are excused: {tally.failures}")
        if tally.answered == 0:
            violations.append(f"{name} answered nothing")
    return violations


def judge_access_logs(logged: Mapping[str, int], tallies: Mapping[str, Tally]) -> list[str]:
    """Each answer has its line, in whichever file. (Slow clients have lines of their own.)"""
    return [f"{name}: {tallies[name].answered} answers, but only {lines} lines in its access logs"
            for name, lines in logged.items() if lines < tallies[name].answered]


# What a log may say, and why it does during a soak. Of a worker: which services, and which end of the line.
_WORKER = r"service (?:{}) worker\(\d+\)(?: pid \d+)?: (?:{})"
_ALL = "gentle|python|wsgi|deployed|rough|churned"
_UNDER_WAY = "starting|running|paused|reloading|restarting|stopping|stopping old"
_ENDED = r"exited with code \d+(?: \(.*\))?|was killed by SIG(?:KILL|SEGV|TERM)(?: \(.*\))?"
_OTHER_FAILED = "given up, since the replacement of another worker failed"
EXPLAINED = [
    (r"fectl \S+ \(pid \d+\) serves \S+|socket \S+ listens on \S+", "the master's start"),
    (r"user \d+ \(pid \d+\) asks: \w+(?: \w+)?", "operators and clients"),
    (r"got SIGHUP: .*|got SIGUSR1: .*", "signals that mean little"),
    (r"got SIGTERM: .*|all services are stopped; fectld leaves", "the master's end"),
    (_WORKER.format(_ALL, f"(?:{_UNDER_WAY})(?:: (?:asked for by an operator|first start|fectld stops))?"),
     "what operators make workers do"),
    (_WORKER.format(_ALL, "stopped: exited with code 0"), "a worker that was told to"),
    (_WORKER.format("rough", f"lost: (?:{_ENDED}|sent no heartbeat for 4 s)|starting: started again after it was lost"),
     "the killer: SIGKILL, SIGSEGV, SIGSTOP"),
    (_WORKER.format("rough", r"crashing: lost \d+ times in a row; it .*|recovered"), "the same, twice within 10 s"),
    (_WORKER.format("rough|deployed|churned", "running: goes on as before, since its replacement failed"),
     "a replacement that was broken, killed or called off"),
    (_WORKER.format("rough|churned", f"stopped: (?:{_ENDED})|(?:reload|restart) failed: (?:{_ENDED}|{_OTHER_FAILED})"),
     "killed while it replaces or is replaced; stopped before it was loaded"),
    (_WORKER.format("churned", "(?:reload|restart) given up: (?:the service is to stop|fectld stops)"),
     "stopped by one operator while another replaces it"),
    (_WORKER.format(_ALL, "stopping: has 5 s left, since the service is restarted"), "a restart behind a reload"),
    (_WORKER.format("deployed", rf"(?:reload failed|stopped): (?:{_ENDED}|{_OTHER_FAILED}|could not be started: .*|"
                                r"configuration error: .*|did not say `loaded` within 15 s)"),
     "broken versions"),
    (r"fectld did not run for \d+ ms: no worker is blamed for that time", "processors that others have taken"),
]  # fmt: skip

_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z] (.*)")


def unexplained(log: str) -> Iterable[str]:
    for line in log.splitlines():
        text = _LINE.fullmatch(line)
        if text is None or not any(re.fullmatch(pattern, text[1]) for pattern, _ in EXPLAINED):
            yield line


def judge_log(log: str) -> list[str]:
    seen = list(unexplained(log))
    return [f"{len(seen)} unexplained log lines, the first: {seen[:20]}"] if seen else []
