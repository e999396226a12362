"""fectl-run under a real master: what is said of programs that fail, hang, stop late or want more time."""

import os
import signal
import socket

import pytest

from testdata.e2e.foreign_programs import program
from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import alive, descendants, started_by, wait_until

# A program that says READY=1 and goes on until SIGTERM.
_READY = '''
import signal
import sys
import time

from notify import say

signal.signal(signal.SIGTERM, lambda *unused: sys.exit(0))
'''


def _status(master: Master) -> str:
    return master.fectl_ok("status", "web")


def test_the_status_of_the_program_is_shown_and_that_nothing_watches_it(place: Place) -> None:
    master = place.start(program(place, _READY + "say('STATUS=3 users\\nREADY=1')\ntime.sleep(600)\n", ready="notify"))
    master.wait_running("web")
    wait_until(lambda: "3 users, unwatched" in _status(master), "the status is shown")


def test_a_program_that_ends_before_it_is_ready_is_a_failed_start_with_its_last_line(place: Place) -> None:
    master = place.start(program(place, "import no_such_module\n", ready="notify", restarts=2))
    wait_until(lambda: master.state("web") == "failed", "the service has failed")
    assert "exited with code 1 (ModuleNotFoundError: No module named 'no_such_module')" in _status(master)
    # A failed start is tried again, as of any other worker.
    assert master.log().count("No module named 'no_such_module'") >= 2


def test_a_program_that_is_not_there_is_a_configuration_error(place: Place) -> None:
    master = place.start(place.service("web", "./no-such-program --fast", ready="notify"))
    wait_until(lambda: master.state("web") == "failed", "the service has failed")
    assert "configuration error: cannot run ./no-such-program: No such file or directory" in _status(master)


def test_a_reload_of_a_program_that_fails_leaves_the_old_one(place: Place) -> None:
    master = place.start(program(place, _READY + "say('READY=1')\ntime.sleep(600)\n", ready="notify"))
    (serving,) = master.wait_running("web")
    place.write("program.py", "raise SystemExit('no database')\n")
    done = master.fectl("reload", "web")
    assert done.returncode != 0
    assert "no database" in done.stdout + done.stderr, done
    assert master.pids("web") == [serving]


def test_output_goes_where_the_service_writes_it(place: Place) -> None:
    text = _READY + "print('to stdout', flush=True)\nprint('to stderr', file=sys.stderr, flush=True)\ntime.sleep(600)\n"
    master = place.start(program(place, text, ready="log:to stderr", stdout="out.log", stderr="err.log"))
    master.wait_running("web")
    wait_until(lambda: place.lines("out.log") == ["to stdout"], "standard output is written")
    assert place.lines("err.log") == ["to stderr"]


def test_a_program_that_stops_saying_that_it_lives_is_replaced(place: Place) -> None:
    text = _READY + '''
import os
say("READY=1")
while not os.path.exists("hangs"):
    say("WATCHDOG=1")
    time.sleep(int(os.environ["WATCHDOG_USEC"]) / 4e6)
while True:
    time.sleep(600)
'''
    master = place.start(program(place, text, ready="notify", watchdog="notify=1", timeout=1, shutdown_timeout=2))
    (old,) = master.wait_running("web")
    place.write("hangs", "")
    wait_until(lambda: not alive(old), "the program that hangs is killed")
    assert "hangs: no WATCHDOG=1 for 1 s" in master.log()
    (place.directory / "hangs").unlink()
    master.wait_replaced("web", old)
    wait_until(lambda: "sent no heartbeat for 1 s" in _status(master), "the reason is told")


def test_an_extension_gives_a_watched_program_more_time(place: Place) -> None:
    text = _READY + '''
import os
say("READY=1")
say("EXTEND_TIMEOUT_USEC=600000000")
open("extended", "w").close()
while not os.path.exists("go"):
    time.sleep(0.02)
time.sleep(600)
'''
    master = place.start(program(place, text, ready="notify", watchdog="notify=0.2"))
    (worker,) = master.wait_running("web")
    wait_until((place.directory / "extended").exists, "the program has asked for more time")
    # Many times what it may be silent without the extension has passed when the master has answered so often.
    seen = {_status(master) for _ in range(3)}
    wait_until(lambda: seen.add(_status(master)) or _age(worker) > 4, "some time has passed")
    assert master.pids("web") == [worker]
    assert not any("hangs" in status for status in seen)


def _age(pid: int) -> float:
    """Seconds since this process was started."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("/proc/uptime", encoding="utf-8") as uptime:
        return float(uptime.read().split()[0]) - started


def test_what_does_not_leave_in_time_is_killed_with_all_that_it_started(place: Place) -> None:
    text = '''
import os
import signal
import time

from notify import say

signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    say("READY=1")
while True:
    time.sleep(600)
'''
    master = place.start(program(place, text, ready="notify", shutdown_timeout=1))
    master.wait_running("web")
    started = started_by(master.pid)
    assert len(started) == 3
    master.fectl("stop", "web")
    wait_until(lambda: not any(alive(pid) for pid in started), "all of them are killed")


def test_the_exit_status_is_the_programs(place: Place) -> None:
    text = _READY + '''
import os
say("READY=1")
while not os.path.exists("go"):
    time.sleep(0.02)
os.unlink("go")
os.kill(os.getpid(), signal.SIGUSR1)
'''
    master = place.start(program(place, text, ready="notify"))
    (old,) = master.wait_running("web")
    place.write("go", "")
    master.wait_replaced("web", old)
    assert "was killed by SIGUSR1" in _status(master)


def test_only_what_the_program_has_started_is_heard(place: Place) -> None:
    text = _READY + '''
import os
import subprocess
open("socket", "w").write(os.environ["NOTIFY_SOCKET"])
os.rename("socket", "socket.told")
while not os.path.exists("go"):
    time.sleep(0.02)
subprocess.run([sys.executable, "-c", "import notify; notify.say('READY=1')"], start_new_session=True)
time.sleep(600)
'''
    master = place.start(program(place, text, ready="notify"))
    wait_until((place.directory / "socket.told").exists, "the program runs")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", place.lines("socket.told")[0])
    wait_until(lambda: "has sent to NOTIFY_SOCKET" in master.log(), "it is logged that this is ignored")
    assert f"process {os.getpid()} has sent to NOTIFY_SOCKET" in master.log()
    assert master.state("web") != "running"
    place.write("go", "")
    master.wait_running("web")


def test_pause_is_said_to_be_impossible(place: Place) -> None:
    master = place.start(program(place, _READY + "say('READY=1')\ntime.sleep(600)\n", ready="notify"))
    master.wait_running("web")
    master.fectl_ok("pause", "web")
    wait_until(lambda: "cannot be paused: goes on serving" in _status(master), "it is said")
    master.fectl_ok("resume", "web")


def test_a_program_whose_fectl_run_is_killed_is_killed(place: Place) -> None:
    master = place.start(program(place, _READY + "say('READY=1')\ntime.sleep(600)\n", ready="notify"))
    (worker,) = master.wait_running("web")
    (child,) = descendants(worker)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not alive(child), "the program has ended")
    master.wait_replaced("web", worker)


@pytest.mark.parametrize(("keys", "said"), [
    ({"ready": "soon"}, "service.web.ready: must be notify, log:TEXT, "),
    ({"watchdog": "notify=x"}, "service.web.watchdog: must be none, notify, "),
    ({"stop_signal": "KILL"}, "service.web.stop_signal: must be TERM, "),
    ({"ready": "http:htp/"}, 'service.web.ready: workers of web get no socket "htp", did you mean "http"?'),
])
def test_mistakes_are_told_with_their_line(place: Place, keys: dict[str, str], said: str) -> None:
    text = tcp("http", free_port()) + place.service("web", "true", **keys)
    path = place.write("wrong.toml", text)
    done = place.launch("", arguments=["--check", "-c", path])
    assert done.wait_exit() == 2
    line = 1 + text[:text.index(next(iter(keys)) + " = ")].count("\n")
    assert f"wrong.toml:{line}: {said}" in done.log(), done.log()
