"""plan, apply, scale and SIGHUP: what runs is changed without a restart and without a lost request.

FECTL_REBINDS=200 (--test_env) changes the address of a socket under load so often.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

from testdata.e2e.applications import configured
from testdata.e2e.harness import Master, Place, tcp, unix
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.load import Load
from testdata.e2e.processes import alive, wait_until

_REBINDS = int(os.environ.get("FECTL_REBINDS", "12"))


class Changed:
    """A master whose configuration the test rewrites."""

    def __init__(self, found: Place, config: str) -> None:
        self.master: Master = found.start(config)
        self.file = found.directory / "fectld.toml"
        self.head = self.file.read_text(encoding="utf-8")[: -len(config)]

    def write(self, config: str) -> None:
        self.file.write_text(self.head + config, encoding="utf-8")

    def plan(self, config: str) -> list[str]:
        """The changes, as "service web roll"."""
        self.write(config)
        done = self.master.fectl("--json", "plan")
        plan = json.loads(done.stdout)
        assert done.returncode == (5 if plan["changes"] else 0), (done.stdout, done.stderr)
        return [" ".join(filter(None, (c["section"], c["name"], c["kind"]))) for c in plan["changes"]]

    def apply(self, config: str, *arguments: str) -> str:
        self.write(config)
        return self.master.fectl_ok("apply", "--wait", *arguments)

    def wait_gone(self, name: str) -> None:
        wait_until(lambda: self.master.ask("Status", name)[0] == "ErrorUnknownService", f"{name} is gone")

    def refused(self, config: str, *arguments: str) -> str:
        self.write(config)
        done = self.master.fectl("apply", "--wait", *arguments)
        assert done.returncode == 1, (done.stdout, done.stderr)
        return done.stderr


def steady(found: Place, name: str, num: int = 1, **values: object) -> str:
    return found.service(name, found.guest("steady"), num=num, **values)


# --- plan ---


def test_a_plan_names_what_changes_and_changes_nothing(place: Place) -> None:
    port = free_port()
    changed = Changed(place, tcp("http", port, service=["web"]) + steady(place, "web", 2) + steady(place, "old"))
    pids = changed.master.wait_running("web", 2)
    same = tcp("http", port, service=["web"]) + steady(place, "web", 2) + steady(place, "old")
    assert changed.plan(same) == []
    # Comments, the order of keys and written defaults are no changes.
    assert changed.plan("# a comment\n" + same.replace("num = 2", "restarts = 3\nnum = 2")) == []
    other = (tcp("http", port, service=["web"], backlog=99) + tcp("admin", free_port(), service=["web"]) +
             steady(place, "web", 3, restarts=7, environ=["SECRET=hidden"]) + steady(place, "new"))
    assert changed.plan(other) == [
        "service web live", "service web scale", "service web roll", "service new add", "service old remove",
        "socket http live", "socket admin add"]
    text = changed.master.fectl("plan")
    assert text.returncode == 5
    assert "num: 2 -> 3" in text.stdout and "restarts: 3 -> 7" in text.stdout and "environ: SECRET" in text.stdout
    assert "hidden" not in text.stdout + changed.master.fectl("--json", "plan").stdout
    assert changed.master.pids("web") == pids
    assert changed.plan(same) == []


def test_an_invalid_configuration_is_told_with_its_lines_and_changes_nothing(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    pids = changed.master.wait_running("web")
    changed.write(steady(place, "web", 2, nonsense=1))
    for command in ("plan", "apply"):
        done = changed.master.fectl(command)
        assert done.returncode == 1
        assert re.search(r"toml:\d+: service\.web\.nonsense: unknown key", done.stderr), done.stderr
    assert changed.master.pids("web") == pids


def test_a_plan_that_is_another_one_now_is_not_applied(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    pids = changed.master.wait_running("web")
    assert changed.plan(steady(place, "web", 2)) == ["service web scale"]
    plan = json.loads(changed.master.fectl("--json", "plan").stdout)["id"]
    assert f"the plan {plan} is not what it would come to" in changed.refused(steady(place, "web", 3), plan)
    assert changed.master.pids("web") == pids
    changed.apply(steady(place, "web", 2), plan)
    assert len(changed.master.wait_running("web", 2)) == 2
    # It is done, so that the same plan would be another one.
    assert "is not what" in changed.refused(steady(place, "web", 2), plan)


def test_what_only_a_restart_can_do_is_refused_as_a_whole(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    pids = changed.master.wait_running("web")
    words = changed.refused(steady(place, "web", 2) + '[logging]\nlevel = "debug"\n')
    assert "only a restart of fectld can change logging.level" in words
    assert changed.master.pids("web") == pids


# --- apply, under load ---


def test_each_class_of_change_under_load_loses_nothing(place: Place) -> None:
    port = free_port()

    def web(**values: object) -> str:
        return configured(place, "cpp", port, **{"num": 2, **values})

    changed = Changed(place, web())
    first = changed.master.wait_running("web", 2)
    with Load(port) as load:
        wait_until(lambda: load.tally.answered > 100, "the load runs")
        changed.apply(web(restarts=5))
        assert changed.master.pids("web") == first
        changed.apply(web(restarts=5, num=4))
        assert changed.master.pids("web")[:2] == first and len(changed.master.pids("web")) == 4
        changed.apply(web(restarts=5, num=1))
        wait_until(lambda: changed.master.pids("web") == first[:1], "the others have left")
        changed.apply(web(restarts=5, environ=["A=1"]))
        second = changed.master.wait_running("web", 2)
        assert not set(first) & set(second)
        changed.apply(web(restarts=5, environ=["A=1"]) + steady(place, "extra"))
        changed.apply(web(restarts=5, environ=["A=1"]).replace("web", "shop").replace(
            'name = "shop"\n', 'name = "shop"\nrenamed_from = "web"\n'))
        assert changed.master.pids("shop") == second
        changed.wait_gone("extra")
        changed.wait_gone("web")
        seen = load.tally.answered
        wait_until(lambda: load.tally.answered > seen + 100, "requests are answered")
    assert load.tally.failed == 0, load.tally


@pytest.mark.parametrize("kind", ["cpp", "aiohttp"])
def test_a_listener_moves_between_all_addresses_and_one_and_loses_nothing(place: Place, kind: str) -> None:
    port = free_port()
    one = configured(place, kind, port, num=2)
    every = one.replace('host = "127.0.0.1"\n', "")
    assert every != one
    changed = Changed(place, one)
    changed.master.wait_running("web", 2)
    with Load(port) as load:
        for number in range(_REBINDS if kind == "cpp" else max(2, _REBINDS // 4)):
            seen = load.tally.answered
            changed.apply(one if number % 2 else every)
            wait_until(lambda: load.tally.answered > seen + 50, "requests are answered")
    assert load.tally.failed == 0, load.tally
    wait_until(lambda: len(_listeners(port)) == 1, "the old listener is closed")


def _listeners(port: int) -> list[str]:
    return subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def test_a_socket_moves_to_another_port_and_back_while_a_request_is_open(place: Place) -> None:
    before, after = free_port(), free_port()
    changed = Changed(place, configured(place, "plain", before, num=2))
    (first, second) = changed.master.wait_running("web", 2)
    with place.slow_request(before) as slow:
        changed.apply(configured(place, "plain", after, num=2))
        assert http_get(after)
        # The worker with the open request still has the old listener, on which nobody accepts any more.
        assert alive(first) or alive(second)
        changed.master.fectl_ok("apply", "--revert", "--wait")
        with Load(before, busy=0, thinking=0, single=3) as load:
            wait_until(lambda: load.tally.answered > 100, "the port of before is served again")
        assert load.tally.failed == 0, load.tally
        place.write("release", "")
        assert slow.body()
    wait_until(lambda: not alive(first) and not alive(second), "the old workers have left")
    assert len(_listeners(before)) == 1
    changed.apply(configured(place, "plain", after, num=2))
    wait_until(lambda: not _listeners(before), "the old listener is closed")


def test_a_file_of_variables_that_changes_replaces_the_workers(place: Place) -> None:
    place.write("web.env", "TOKEN=old-secret\n", 0o600)
    config = steady(place, "web", env_file="web.env") + steady(place, "other")
    changed = Changed(place, config)
    (web,), (other,) = changed.master.wait_running("web"), changed.master.wait_running("other")
    place.write("web.env", "TOKEN=new-secret\n", 0o600)
    assert "web.env is newer than what runs" in changed.master.fectl_ok("status")
    assert changed.plan(config) == ["service web roll"]
    text = changed.master.fectl("plan").stdout
    assert "environ: TOKEN" in text and "secret" not in text
    changed.apply(config)
    (now,) = changed.master.pids("web")
    assert now != web and changed.master.pids("other") == [other]
    assert b"TOKEN=new-secret" in pathlib.Path(f"/proc/{now}/environ").read_bytes().split(b"\0")
    assert changed.plan(config) == []


def test_a_unix_socket_moves_and_changes_its_mode(place: Place) -> None:
    changed = Changed(place, unix("http", "a.sock", service=["web"]) + steady(place, "web"))
    pids = changed.master.wait_running("web")
    changed.apply(unix("http", "a.sock", service=["web"], mode="0600") + steady(place, "web"))
    assert (place.directory / "a.sock").stat().st_mode & 0o777 == 0o600
    assert changed.master.pids("web") == pids
    changed.apply(unix("http", "b.sock", service=["web"]) + steady(place, "web"))
    assert changed.master.pids("web") != pids
    wait_until(lambda: not (place.directory / "a.sock").exists(), "the old file is gone")
    assert (place.directory / "b.sock").exists()


def test_a_port_that_is_taken_refuses_all_of_it(place: Place) -> None:
    port, taken = free_port(), free_port()
    changed = Changed(place, tcp("http", port, service=["web"]) + steady(place, "web"))
    pids = changed.master.wait_running("web")
    with subprocess.Popen(["/usr/bin/python3", "-c", f"""
import socket
s = socket.create_server(("127.0.0.1", {taken}))
print("listens", flush=True)
import time; time.sleep(1000)"""], stdout=subprocess.PIPE, text=True) as stranger:
        assert stranger.stdout is not None and stranger.stdout.readline() == "listens\n"
        words = changed.refused(tcp("http", taken, service=["web"]) + steady(place, "web", 3) + steady(place, "new"))
        stranger.kill()
    assert f"socket http: cannot listen on 127.0.0.1:{taken}: Address already in use by pid {stranger.pid}" in words
    assert changed.master.pids("web") == pids
    assert changed.master.ask("Status", "new")[0] == "ErrorUnknownService"
    assert len(_listeners(port)) == 1


# --- what fails ---


def test_a_replacement_that_fails_is_taken_back_and_what_comes_behind_is_not_begun(place: Place) -> None:
    port = free_port()
    good = configured(place, "cpp", port, num=2)
    changed = Changed(place, good + steady(place, "old"))
    pids = changed.master.wait_running("web", 2)
    with Load(port) as load:
        bad = re.sub(r'command = ".*hello_cpp"', f'command = {json.dumps(place.guest("exits"))}', good)
        assert bad != good
        words = changed.refused(bad)
        assert "the old workers keep serving" in words and "not begun: old" in words
        assert changed.master.pids("web") == pids
        assert changed.master.pids("old"), "nothing is drained after a failure"
        status = changed.master.fectl_ok("status")
        assert "web: version 2 was not taken" in status and "is newer than what runs" in status
    assert load.tally.failed == 0, load.tally
    # A worker that is lost is followed by one of what runs.
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: pids[0] not in changed.master.pids("web") and len(changed.master.pids("web")) == 2,
               "the lost worker is replaced")
    changed.master.fectl_ok("reload", "web")
    # It can be tried again; and what was not begun is done then.
    assert "failed" not in changed.apply(good)
    changed.wait_gone("old")
    assert "not taken" not in changed.master.fectl_ok("status")


def test_revert_goes_back_to_what_ran_before(place: Place) -> None:
    changed = Changed(place, steady(place, "web", 2))
    done = changed.master.fectl("apply", "--revert")
    assert done.returncode == 1 and "nothing was applied since fectld was started" in done.stderr
    pids = changed.master.wait_running("web", 2)
    changed.apply(steady(place, "web", 3) + steady(place, "more"))
    changed.master.fectl_ok("apply", "--revert", "--wait")
    wait_until(lambda: changed.master.pids("web") == pids, "two workers are left")
    changed.wait_gone("more")
    assert "is newer than what runs" in changed.master.fectl_ok("status")
    # And forth again.
    changed.master.fectl_ok("apply", "--wait")
    assert changed.master.pids("more")
    assert changed.plan(steady(place, "web", 3) + steady(place, "more")) == []


def test_after_another_file_was_tried_and_taken_back_no_file_is_newer(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    other = place.directory / "other.toml"
    other.write_text(changed.head + steady(place, "web", 2), encoding="utf-8")
    changed.master.fectl_ok("apply", "-c", str(other), "--wait")
    os.utime(other, (time.time() + 60, time.time() + 60))
    assert "other.toml is newer than what runs" in changed.master.fectl_ok("status")
    changed.master.fectl_ok("apply", "--revert", "--wait")
    assert "newer" not in changed.master.fectl_ok("status")


def _loader(master: Master) -> int:
    """The pid of the process that loads the configuration, 0 if there is none."""
    for process in pathlib.Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"--load" in words and int((process / "stat").read_text().rsplit(")")[-1].split()[1]) == master.pid:
                return int(process.name)
        except (OSError, ValueError):
            continue
    return 0


def test_a_loading_process_that_hangs_or_is_killed_stops_nobody(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    pids = changed.master.wait_running("web")
    # Large enough for it to be seen while it loads.
    changed.write(steady(place, "web") + "".join(steady(place, f"s{i}", autostart=False) for i in range(4000)))
    outcome: list["subprocess.CompletedProcess[str]"] = []
    asking = threading.Thread(target=lambda: outcome.append(changed.master.fectl("plan")))
    asking.start()
    loader = wait_until(lambda: _loader(changed.master), "the configuration is loaded by a process")
    os.kill(loader, signal.SIGSTOP)
    for _ in range(20):
        assert changed.master.fectl_ok("status", "web")
    os.kill(loader, signal.SIGKILL)
    asking.join()
    assert outcome[0].returncode == 1
    assert "fectld --load ended before it was done: killed by SIGKILL" in outcome[0].stderr
    wait_until(lambda: not alive(loader), "it is reaped")
    assert changed.master.pids("web") == pids


# --- several at once ---


def test_applications_wait_for_each_other_and_a_storm_of_signals_is_one(place: Place) -> None:
    port = free_port()
    changed = Changed(place, configured(place, "cpp", port, num=2))
    changed.master.wait_running("web", 2)
    with Load(port) as load:
        changed.write(configured(place, "cpp", port, num=2, environ=["A=1"]))
        outcome: list["subprocess.CompletedProcess[str]"] = []
        asking = [threading.Thread(target=lambda: outcome.append(changed.master.fectl("apply", "--wait")))
                  for _ in range(4)]
        for thread in asking:
            thread.start()
        for _ in range(50):
            changed.master.signal(signal.SIGHUP)
        changed.master.fectl_ok("reload", "web")
        for thread in asking:
            thread.join()
        assert [done.returncode for done in outcome] == [0] * 4, outcome
        assert sum("nothing to do" in done.stdout for done in outcome) >= 3
    assert load.tally.failed == 0, load.tally
    changed.write(configured(place, "cpp", port, num=3, environ=["A=1"]))
    changed.master.signal(signal.SIGHUP)
    changed.master.wait_running("web", 3)
    assert "a signal (SIGHUP) applies version 3 of the configuration: web scale" in changed.master.log()


# --- scale ---


def test_scale_holds_through_applications_until_the_file_says_another_number(place: Place) -> None:
    changed = Changed(place, steady(place, "web", 2))
    first = changed.master.wait_running("web", 2)
    assert changed.master.fectl_ok("scale", "web", "4") == "web: 4 workers serve\n"
    assert changed.master.fectl_ok("scale", "web", "-1") == "web: 3 workers serve\n"
    assert changed.master.pids("web")[:2] == first
    changed.apply(steady(place, "web", 2, restarts=9))
    assert len(changed.master.pids("web")) == 3
    assert "web: 3 workers, where the configuration says 2; by user" in changed.master.fectl_ok("status")
    changed.apply(steady(place, "web", 5, restarts=9))
    assert len(changed.master.wait_running("web", 5)) == 5
    assert "where the configuration says" not in changed.master.fectl_ok("status")
    changed.master.fectl_ok("scale", "web", "+1")
    assert json.loads(changed.master.fectl_ok("--json", "scale", "web", "--reset")) == {
        "service": "web", "ok": True, "num": 5, "ready": 5}


def _cpu_ticks(pid: int) -> int:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")")[-1].split()
    return int(fields[11]) + int(fields[12])


def test_fectld_is_idle_while_it_waits_for_workers_that_are_more(place: Place) -> None:
    # Both of them wait for a file before they become the program.
    place.write("go", "")
    master = place.start(place.service("web", f"{place.guest('waits_for')} go {place.guest('steady')}"))
    master.wait_running("web")
    (place.directory / "go").unlink()
    outcome: list["subprocess.CompletedProcess[str]"] = []
    asking = threading.Thread(target=lambda: outcome.append(master.fectl("scale", "web", "2")))
    asking.start()
    wait_until(lambda: len(place.lines("waiting")) == 2, "the second worker has been started")
    began, ticks = time.monotonic(), _cpu_ticks(master.pid)
    for _ in range(40):
        master.fectl_ok("status")
    seconds = time.monotonic() - began
    assert (_cpu_ticks(master.pid) - ticks) / os.sysconf("SC_CLK_TCK") < seconds / 3
    place.write("go", "")
    asking.join()
    assert outcome[0].stdout == "web: 2 workers serve\n"


@pytest.mark.parametrize("words,exit_code,said", [
    (["0"], 2, "needs a number of workers from 1 to 10000"),
    (["-5"], 1, "web would have -4 workers"),
    (["10001"], 2, "needs a number of workers from 1 to 10000"),
    ([], 2, "needs a number of workers"),
    (["3", "--reset"], 2, "a number or --reset, not both"),
])
def test_a_number_of_workers_that_cannot_be_is_refused(
        place: Place, words: list[str], exit_code: int, said: str) -> None:
    master = place.start(steady(place, "web"))
    done = master.fectl("scale", "web", *words)
    assert done.returncode == exit_code
    assert said in done.stderr


def test_workers_that_do_not_come_up_are_told(place: Place) -> None:
    # The first worker finds the file that the others miss.
    place.write("once", "")
    command = ["/bin/sh", "-c", f"rm once 2>/dev/null || exit 7; exec {place.guest('steady')}"]
    master = place.start(place.service("web", command, restarts=1))
    master.wait_running("web")
    done = master.fectl("scale", "web", "2")
    assert done.returncode == 1
    assert "not all of the new workers came up" in done.stderr and "exited with code 7" in done.stderr


def test_one_worker_can_be_replaced_alone(place: Place) -> None:
    master = place.start(steady(place, "web", 3))
    before = master.wait_running("web", 3)
    assert "web[2]: restarted (1 worker" in master.fectl_ok("restart", "web[2]")
    after = master.wait_running("web", 3)
    assert [a == b for a, b in zip(before, after)] == [True, False, True]
    done = master.fectl("reload", "web[9]")
    assert done.returncode == 1 and "web has no worker 9" in done.stderr
    done = master.fectl("stop", "web[1]")
    assert done.returncode == 2 and "is one worker, which can be reloaded and restarted" in done.stderr


# --- who may ---


def test_another_file_is_for_root_and_the_user_of_fectld(place: Place) -> None:
    changed = Changed(place, steady(place, "web"))
    changed.master.wait_running("web")
    other = place.write("other.toml", changed.head + steady(place, "web", 2))
    assert changed.master.fectl("plan", "--config", "other.toml").returncode == 5
    changed.master.fectl_ok("apply", "--wait", "-c", other)
    changed.master.wait_running("web", 2)
