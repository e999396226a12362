"""What a worker wrote last before it failed: in the answer to an operation, in status, and for whom."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from testdata.e2e.harness import NOBODY, Master, Place
from testdata.e2e.processes import command_line, descendants, wait_until
from testdata.e2e.settings import inspect, program

# Where the file `broken` is, it fails in its start; a good one writes without a pause, as an old worker may.
_PROGRAM = """
import os, select, sys
sys.stdout.write("pid %d begins\\n" % os.getpid())
sys.stdout.flush()
if os.path.exists("broken"):
    os.write(2, open("broken", "rb").read())
    os._exit(7)
read_fd, write_fd = map(int, os.environ["FECTL_FD"].split(":"))
loaded = b'{"cmd":"loaded"}'
os.write(write_fd, len(loaded).to_bytes(2, "big") + loaded)
while True:
    os.write(1, b"still serving\\n")
    readable, _, _ = select.select([read_fd], [], [], 0.001)
    if readable and (not (got := os.read(read_fd, 65536)) or b'"stop"' in got):
        os._exit(0)
"""
_TRACEBACK = "Traceback (most recent call last):\n  File \"shop.py\", line 3\nKeyError: 'price'\n"


def web(place: Place, **values: Any) -> str:
    place.write("worker.py", _PROGRAM)
    return place.service("web", ["/usr/bin/python3", "worker.py"], **{"restarts": 1, **values})


def shown(lines: str) -> str:
    return "".join(f"  | {line}\n" for line in lines.splitlines())


def failed(master: Master, *arguments: str) -> tuple[str, dict[str, Any]]:
    """The same failing operation for people and for scripts: the words of the first, the JSON of the second."""
    words = master.fectl(*arguments)
    told = master.fectl("--json", *arguments)
    assert words.returncode == 1 and told.returncode == 1, (words, told)
    return words.stderr, json.loads(told.stdout)[0]


def test_a_start_that_fails_shows_what_the_worker_wrote(place: Place) -> None:
    place.write("broken", _TRACEBACK)
    master = place.start(web(place))
    master.wait_state("web", "failed")
    wait_until(lambda: _TRACEBACK in inspect(master, "web")["workers"][0].get("last_lines", ""), "status has the lines")
    words, told = failed(master, "start", "web")
    assert words.startswith("fectl: web: start failed: worker(1) exited with code 7 before it was loaded\n  | pid ")
    assert words.endswith(shown(_TRACEBACK))
    assert told["lines"].endswith(_TRACEBACK) and told["lines_of"] == 1
    assert "    | KeyError: 'price'\n" in master.fectl_ok("status", "web")
    # What has failed is of no interest any more once it serves.
    (place.directory / "broken").unlink()
    master.fectl_ok("start", "web")
    assert "last_lines" not in inspect(master, "web")["workers"][0]
    master.fectl_ok("stop", "web")
    assert "KeyError" not in master.fectl_ok("status", "web")


def test_a_reload_that_fails_shows_the_lines_of_the_new_worker_alone(place: Place) -> None:
    master = place.start(web(place, num=2))
    old = master.wait_running("web", 2)
    place.write("broken", _TRACEBACK)
    words, told = failed(master, "reload", "web")
    assert words.endswith(shown(_TRACEBACK)) and "still serving" not in words
    assert told["lines"].count("begins") == 1 and f"worker({told['lines_of']})" in told["reason"]
    assert master.pids("web") == old


def test_a_scale_that_fails_shows_them_too(place: Place) -> None:
    master = place.start(web(place))
    master.wait_running("web", 1)
    place.write("broken", _TRACEBACK)
    done = master.fectl("scale", "web", "2")
    assert done.returncode == 1 and done.stderr.endswith(shown(_TRACEBACK)), done


@pytest.mark.parametrize("text,end", [
    ("\x1b]0;title\x07\x1b[2J \xff\xfe end of it\n", "\\x1b]0;title\\x07\\x1b[2J \ufffd\ufffd end of it"),
    ("no newline at the end", "no newline at the end"),
    ("x" * 300_000 + " long\n", "x long"),
    ("\n".join(str(i) for i in range(100_000)) + "\n", "99999"),
])
def test_lines_of_any_kind_are_safe_and_few(place: Place, text: str, end: str) -> None:
    (place.directory / "broken").write_bytes(text.encode("latin-1"))
    master = place.start(web(place))
    master.wait_state("web", "failed")
    words, told = failed(master, "start", "web")
    assert words.splitlines()[-1].endswith(end), words[-200:]
    assert len(told["lines"].encode()) <= 8192 and told["lines"].count("\n") <= 41


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user")
@pytest.mark.parametrize("role,sees", [("observe", False), ("logs", True), ("operate", True)])
def test_whoever_may_only_observe_sees_no_lines(place: Place, role: str, sees: bool) -> None:
    place.write("broken", _TRACEBACK)
    place.directory.chmod(0o755)
    own = f'[master]\nsock = "fectld.sock"\npid = "fectld.pid"\nallow = ["{role}:{NOBODY}"]\n'
    place.write("mine.toml", own + web(place))
    master = place.launch("", arguments=["-c", "mine.toml"]).wait_until_up()
    master.wait_state("web", "failed")
    wait_until(lambda: "last_lines" in inspect(master, "web")["workers"][0], "the lines are there")
    done = subprocess.run([program(place, "client/fectl"), "--sock", str(master.sock), "status", "web"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
                          user=NOBODY, group=NOBODY, extra_groups=[])
    assert done.returncode == 0 and ("KeyError" in done.stdout) == sees, done


def test_a_logger_that_hangs_delays_the_answer_by_no_more_than_a_moment(place: Place) -> None:
    place.write("broken", _TRACEBACK)
    master = place.start(web(place))
    master.wait_state("web", "failed")
    (logger,) = [pid for pid in descendants(master.pid) if command_line(pid).startswith("fectl-log")]
    os.kill(logger, signal.SIGSTOP)
    try:
        words, told = failed(master, "start", "web")
    finally:
        os.kill(logger, signal.SIGCONT)
    assert words == "fectl: web: start failed: worker(1) exited with code 7 before it was loaded\n"
    assert "lines" not in told
