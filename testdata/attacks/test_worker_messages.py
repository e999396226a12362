"""Attacks of workers by way of what they write to the master, each named after its row of testdata/attack_table.md."""

import os
import re
import signal
import time

import pytest

from testdata.attacks.hostile import found, hostile
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import alive, resident_kib, started_by, wait_until

_UNFINISHED = "left a message unfinished"
# What is written, and what it is called. After the first byte of a frame its end is due.
_FRAMES = {
    "empty": (r'os.write(write_fd, b"\0\0")', "broke the worker protocol"),
    "one-byte": (r'os.write(write_fd, b"\0\1{")', "broke the worker protocol"),
    "one-byte-announced": (r'os.write(write_fd, b"\0\1"); time.sleep(3600)', _UNFINISHED),
    "all-announced": (r'os.write(write_fd, b"\xff\xff"); time.sleep(3600)', _UNFINISHED),
    "half-a-length": (r'os.write(write_fd, b"\0"); time.sleep(3600)', _UNFINISHED),
    "single-bytes": ("\n".join(['for byte in frame(b\'{"cmd": "hb", "x": "\' + b"x" * 600 + b\'"}\'):',
                                "    os.write(write_fd, bytes([byte])); time.sleep(1)"]), _UNFINISHED),
    "no-end": (r'os.write(write_fd, b"\xff\xff")' + "\nwhile True: os.write(write_fd, b'x'); time.sleep(0.02)",
               _UNFINISHED),
}


def test_K10_AFrameThatIsNoneOrNeverEndsIsTheEndOfItsWorker(place: Place) -> None:
    # All at once, and no timeout of theirs is near: what ends them is what they write.
    config = place.service("jobs", place.guest("steady"), timeout=3)
    for name, (statements, _) in _FRAMES.items():
        (place.directory / name).mkdir()
        config += hostile(place, statements, name, timeout=600, startup_timeout=600, shutdown_timeout=2,
                          directory=str(place.directory / name))
    master = place.start(config)
    others, before = master.wait_running("jobs"), resident_kib(master.pid)
    for name, (_, words) in _FRAMES.items():
        line = wait_until(lambda: re.search(f"service {name} .*pid ([0-9]+): lost: .*{words}", master.log()),
                          f"the worker {name} is blamed for what it writes", 120)
        master.wait_replaced(name, int(line[1]))
    assert resident_kib(master.pid) - before < 4 * 1024
    assert master.pids("jobs") == others and len(re.findall(": lost: ", master.log())) == len(_FRAMES)


# The text, and whether it breaks the protocol.
_TEXTS = {
    "not UTF-8": (b'{"cmd": "status", "data": "\xff\xfe"}', True),
    "a NUL": (b'{"cmd": "hb\0"}', True),
    "too deep": (b'{"cmd": "msg", "data": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", True),
    "a huge number": (b'{"cmd": "hb", "data": {"load": 1e400}}', True),
    "twice the same key": (b'{"cmd": "hb", "data": {"load": 1, "load": 2}}', False),
    "a huge string": (b'{"cmd": "status", "data": "' + b"x" * 65_000 + b'"}', False),
    "half a character": (b'{"cmd": "status", "data": "\\ud800"}', True),
}


@pytest.mark.parametrize("kind", list(_TEXTS))
def test_K11_TextThatIsNoMessageHarmsNobodyElse(place: Place, kind: str) -> None:
    text, wrong = _TEXTS[kind]
    (place.directory / "text").write_bytes(text)
    statements = 'os.write(write_fd, frame(open("text", "rb").read()))\nfound = "done"'
    master = place.start(hostile(place, statements) + place.service("jobs", place.guest("steady")))
    others = master.wait_running("jobs")
    if wrong:
        wait_until(lambda: "lost: broke the worker protocol" in master.log(), "it counts as lost")
    else:
        assert found(place) == "done"
    master.wait_running("web")
    assert master.ask("Pid") == ("Pid", str(master.pid))
    assert master.pids("jobs") == others
    assert ("lost" in master.log()) == wrong


def test_K12_AMillionFramesDoNotDelayTheHeartbeatsOfOthers(place: Place) -> None:
    # Three processes write what one alone could not write as fast as it is read, whole frames at a time.
    flood = "\n".join(["beats = frame(b'{\"cmd\":\"hb\"}') * 290", "writers = []", "for _ in range(3):",
                       "    writers.append(os.fork())", "    if writers[-1] == 0:",
                       "        for _ in range(1150): os.write(write_fd, beats)", "        os._exit(0)",
                       "for pid in writers: os.waitpid(pid, 0)", "found = 'done'"])
    master = place.start(hostile(place, flood) + place.service("jobs", place.guest("steady"), num=4, timeout=2))
    others, before = master.wait_running("jobs", 4), resident_kib(master.pid)
    began = time.monotonic()
    answers = 0
    with master.client() as client:
        while not (place.directory / "found").exists() and time.monotonic() - began < 120:
            client.deadline = time.monotonic() + 60
            assert client.ask("Pid") == ("Pid", str(master.pid))
            answers += 1
    assert found(place) == "done"
    # It was nine hundred times what is read of one worker in a turn; somebody else had his turn between them.
    assert answers >= 20, "the flood was read to its end before anybody else was heard"
    assert resident_kib(master.pid) - before < 8 * 1024
    assert master.pids("jobs") == others, master.log()


def test_K14_MessagesInTheWrongStateStartNothing(place: Place) -> None:
    storm = "\n".join(["signal.signal(signal.SIGTERM, signal.SIG_IGN)", "for _ in range(2000):",
                       '    for name in ("loaded", "restart", "reload", "forked"): send(name)',
                       "found = 'done'"])
    master = place.start(hostile(place, storm, shutdown_timeout=5) + place.service("jobs", place.guest("steady")))
    others = master.wait_running("jobs")
    assert found(place) == "done"
    # It asked four thousand times to be replaced, and was once.
    first = wait_until(lambda: re.search(r"service web .*pid (\d+): running", master.log()), "it has served")
    pids = master.wait_replaced("web", int(first[1]))
    with pytest.raises(AssertionError):
        wait_until(lambda: master.pids("web") != pids, "it is replaced again", 2)
    assert len(re.findall(r"service web worker\(1\) pid \d+: (starting|reloading|restarting)", master.log())) <= 3
    assert len(master.log().splitlines()) < 50, "a line for each message"
    assert master.pids("jobs") == others


def test_K14_WhatIsSaidAfterAStopStartsNothing(place: Place) -> None:
    # It hears neither the order nor the signal, and says all that a worker can say until it is killed.
    late = "\n".join(["signal.signal(signal.SIGTERM, lambda *unused: open('told', 'w').close())", "while True:",
                      "    for name in ('loaded', 'hb', 'restart', 'reload', 'loaded'): send(name)",
                      "    time.sleep(0.01)"])
    master = place.start(hostile(place, late, shutdown_timeout=2))
    (pid,) = wait_until(lambda: master.pids("web"), "the first worker")
    # Its first requests are granted; the one that replaces it is good.
    wait_until(lambda: not alive(pid), "it is killed in the end")
    assert (place.directory / "told").exists(), "it was told to leave, and went on"
    pids = master.wait_running("web")
    assert "StopTimeout" in master.reasons("web")
    assert len(re.findall(r"service web worker\(1\) pid \d+: (starting|reloading|restarting)", master.log())) == 2
    with pytest.raises(AssertionError):
        wait_until(lambda: master.pids("web") != pids, "it is replaced again", 2)


def test_K15_AClosedPipeIsNoDeathButTheEndOfService(place: Place) -> None:
    # A grandchild holds a copy of the pipe; the worker closes its own.
    statements = "\n".join(["if os.fork() == 0:", "    os.setsid()", "    time.sleep(3600)", "    os._exit(0)",
                            "os.close(write_fd)", "os.close(read_fd)", "time.sleep(3600)"])
    master = place.start(hostile(place, statements, timeout=2, shutdown_timeout=2) +
                         place.service("jobs", place.guest("steady")))
    others = master.wait_running("jobs")
    line = wait_until(lambda: re.search(r"service web .*pid (\d+): lost", master.log()), "it counts as lost", 120)
    pids = master.wait_replaced("web", int(line[1]))
    assert master.pids("jobs") == others
    _end_daemons(master, others + pids)


def test_K15_WhatAGrandchildWritesIsNotTheDeadWorkersWord(place: Place) -> None:
    # It holds the pipe and goes on as if it were the worker, which is dead.
    statements = "\n".join(["worker = os.getpid()", "if os.fork() == 0:", "    os.setsid()",
                            "    signal.signal(signal.SIGPIPE, signal.SIG_IGN)", "    try:",
                            "        while os.getppid() == worker: send('hb')",
                            "        while True:",
                            "            for name in ('loaded', 'hb', 'restart', 'reload'): send(name)",
                            "    except BrokenPipeError: open('cut', 'w').close()", "    time.sleep(3600)",
                            "time.sleep(0.3)", "os._exit(3)"])
    master = place.start(hostile(place, statements, timeout=600, shutdown_timeout=2) +
                         place.service("jobs", place.guest("steady")))
    others = master.wait_running("jobs")
    wait_until((place.directory / "cut").exists, "nobody listens to it any more")
    pids = master.wait_running("web")
    try:
        with pytest.raises(AssertionError):
            wait_until(lambda: master.pids("web") != pids, "the good worker is replaced for it", 2)
        # What it wrote between the death and the moment in which that was seen may count, once.
        assert "exited with code 3" in master.log()
        assert len(set(re.findall(r"service web worker\(1\) pid (\d+): ", master.log()))) == 2
        assert master.pids("jobs") == others
    finally:
        _end_daemons(master, others + pids)


def _end_daemons(master: Master, workers: list[int]) -> None:
    """What has left its worker's process group is nobody's business but the test's."""
    for pid in started_by(master.pid):
        if pid not in workers:
            os.kill(pid, signal.SIGKILL)
