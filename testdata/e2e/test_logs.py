"""What workers write: files, the console, fectl logs, and the logger's own death.

FECTL_LOGGER_KILLS is how often the logger is killed (default 100), FECTL_LOGGER_WAIT_MS how long a worker's write may
take meanwhile (default 1000: the machine of the tests is shared; on a quiet one 50 hold).
"""

import json
import os
import signal
import subprocess

import pytest

from testdata.e2e.harness import NOBODY, Master, Place
from testdata.e2e.log_writer import order, writer
from testdata.e2e.processes import DEADLINE_SECONDS, command_line, descendants, wait_until
from testdata.e2e.settings import program

_KILLS = int(os.environ.get("FECTL_LOGGER_KILLS", "100"))
_WAIT_MS = float(os.environ.get("FECTL_LOGGER_WAIT_MS", "1000"))
_NASTY = "a\x1b]0;title\x07\x1b[2J\x00\xff\xfe\r\t\xc3(\x1b[31mred"


def done(place: Place, pid: int, count: int) -> float:
    """Waits until so many orders are done; how long the longest write took, in seconds."""
    report = place.directory / f"longest-{pid}"
    wait_until(lambda: report.exists() and int((report.read_text() or "0").split()[0]) >= count, f"{count} orders", 120)
    return float(report.read_text().split()[1])


def logger_pid(master: Master) -> int:
    found = [pid for pid in descendants(master.pid) if command_line(pid).startswith("fectl-log")]
    return found[0] if len(found) == 1 else 0


def text(master: Master, *arguments: str) -> str:
    """The lines of fectl logs without what stands before them."""
    lines = master.fectl_ok("logs", *arguments).splitlines()
    return "".join(line.split(" | ", 1)[1] + "\n" for line in lines)


def test_lines_are_in_the_file_of_their_service(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place, num=2))
    pids = master.wait_running("web", 2)
    order(place, 'text "one\\ntwo\\n"', 'error "three\\n"')
    path = place.directory / "logs/web.log"
    wait_until(lambda: path.exists() and path.read_text().count("\n") == 6, "six lines")
    for number, pid in enumerate(pids, 1):
        own = [line.split(" ", 1)[1] for line in path.read_text().splitlines() if f" {pid} " in line]
        assert own == [f"web[{number}] {pid} | {word}" for word in ("one", "two", "three")]


def test_nasty_bytes_are_kept_and_cannot_move_a_cursor(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, f"text {json.dumps(_NASTY + chr(10))}")
    path = place.directory / "logs/web.log"
    wait_until(lambda: path.exists() and path.read_bytes().endswith(b"\n"), "the line")
    assert path.read_bytes().split(b" | ", 1)[1] == _NASTY.encode("latin-1") + b"\n"
    command = [place.fectl_program, "-m", master.sock, "logs", "web"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    assert raw.split(b" | ", 1)[1] == _NASTY.encode("latin-1") + b"\n"
    seen = subprocess.run(["script", "-qec", f"{place.fectl_program} -m {master.sock} logs web", "/dev/null"],
                          capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert b"\x1b[31m" in seen and b"\x1b[2J" not in seen and b"\x1b]" not in seen and b"\x07" not in seen
    (line,) = map(json.loads, master.fectl_ok("--json", "logs", "web").splitlines())
    assert line["pid"] == pid and line["worker"] == 1 and "b64" in line


def test_a_line_of_ten_megabytes_comes_in_pieces(place: Place) -> None:
    # Nothing is dropped, however slow the disk of the test is.
    master = place.start('[logs]\ndir = "logs"\ntotal = 0\non_full = "block"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, f"text {json.dumps('y' * 10_000_000 + chr(10))}", 'text "after\\n"')
    done(place, pid, 2)
    wait_until(lambda: text(master, "web", "-n", "1") == "after\n", "the line after it")
    lines = [json.loads(line) for line in master.fectl_ok("--json", "logs", "web", "-n", "1000").splitlines()]
    assert "".join(line["msg"] for line in lines[:-1]) == "y" * 10_000_000
    assert [line.get("part") for line in lines][0] == 0 and [line.get("part") for line in lines][-2:] == ["end", None]


def test_an_unfinished_line_comes_after_a_second_and_at_the_end(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, 'text "Password: "')
    path = place.directory / "logs/web.log"
    wait_until(lambda: path.exists() and path.read_text().endswith(f"web[1] {pid} |> Password: \n"), "the piece")
    order(place, 'text "ok\\nno end"', "exit 0")
    wait_until(lambda: f"web[1] {pid} <| ok\n" in path.read_text() and
               f"web[1] {pid} <| no end\n" in path.read_text(), "the rest")


def test_without_logs_lines_go_to_the_console(place: Place) -> None:
    master = place.start(writer(place))
    master.wait_running("web")
    order(place, 'text "to the console\\n"')
    wait_until(lambda: "web[1] | to the console\n" in master.log(), "the line")
    assert text(master, "web") == "to the console\n"


def test_a_daemon_names_the_folder_of_its_files(place: Place) -> None:
    config = '[master]\nsock = "fectld.sock"\npid = "fectld.pid"\n' + writer(place)
    place.write("fectld.toml", config)
    started = subprocess.run([place.fectld, "-d"], cwd=place.directory, env=place.environment, capture_output=True,
                             text=True, check=True, timeout=DEADLINE_SECONDS)
    assert "fectld: the output of workers goes to files in fectl-logs\n" in started.stdout
    order(place, 'text "from a daemon\\n"')
    path = place.directory / "fectl-logs/web.log"
    wait_until(lambda: path.exists() and path.read_text().endswith(" | from a daemon\n"), "the line")
    assert place.fectl("quit").returncode == 0


def test_streams_can_be_told_apart(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\nstreams = "split"\nformat = "json"\n' + writer(place))
    master.wait_running("web")
    order(place, 'text "out\\n"', 'error "err\\n"')
    wait_until(lambda: len(text(master, "web")) >= 0 and len(master.fectl_ok("logs", "web").splitlines()) == 2, "both")
    lines = [json.loads(line) for line in (place.directory / "logs/web.log").read_text().splitlines()]
    assert sorted((line["stream"], line["msg"]) for line in lines) == [("err", "err"), ("out", "out")]


def test_what_is_asked_for_is_what_comes(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place, num=2) + writer(place, "db"))
    master.wait_running("web", 2)
    master.wait_running("db")
    order(place, "count 1 50 0")
    order(place, 'text "of db\\n"', name="db")
    wait_until(lambda: len(master.fectl_ok("logs", "all", "-n", "1000").splitlines()) == 101, "all lines")
    newest = text(master, "web", "-n", "3", "--worker", "2").splitlines()
    assert [line.split()[1] for line in newest] == ["48", "49", "50"]
    assert text(master, "db", "web", "--grep", "of d.$") == "of db\n"
    assert len(text(master, "web", "--grep", "^line 7 ").splitlines()) == 2
    assert len(text(master, "web", "--since", "10m").splitlines()) == 100
    assert text(master, "web", "--since", "now") == ""
    refused = master.fectl("logs", "nobody-has-this-name")
    assert refused.returncode == 1 and refused.stderr == "fectl: there is no service nobody-has-this-name\n"
    wrong = master.fectl("logs", "web", "--grep", "(")
    assert wrong.returncode == 1 and "is no regular expression" in wrong.stderr


def test_previous_is_the_process_that_has_crashed(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, 'text "Traceback: it went wrong\\n"', "exit 3")
    wait_until(lambda: "Traceback" in text(master, "web"), "its last words")
    (place.directory / "orders-web").unlink()
    master.wait_replaced("web", pid)
    order(place, 'text "of the next one\\n"')
    wait_until(lambda: "of the next one" in text(master, "web"), "the next one's")
    assert text(master, "web", "--previous") == "Traceback: it went wrong\n"


class Follower:
    """fectl logs -f, its lines in a file."""

    def __init__(self, master: Master, *arguments: str) -> None:
        self.path = master.directory / "followed"
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([master.place.fectl_program, "-m", master.sock, "logs", "-f", *arguments],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def lines(self) -> list[str]:
        return [line.split(" | ", 1)[-1] for line in self.path.read_text().splitlines()]

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(DEADLINE_SECONDS) == 0


def numbered(lines: list[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith("line ")]


def test_a_reader_follows_over_the_death_of_the_logger_and_over_closed_files(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\nmax_size = "64KiB"\n' + writer(place))
    (pid,) = master.wait_running("web")
    follower = Follower(master, "web")
    order(place, "count 1 1500 0.001")
    for _ in range(5):
        seen = len(follower.lines())
        os.kill(wait_until(lambda: logger_pid(master), "a logger"), signal.SIGKILL)
        wait_until(lambda: len(follower.lines()) > seen + 20, "it goes on")
    done(place, pid, 1)
    wait_until(lambda: len(numbered(follower.lines())) >= 1500, "all lines")
    follower.end()
    assert numbered(follower.lines()) == list(range(1, 1501))
    assert len(list((place.directory / "logs").iterdir())) > 1
    assert numbered(text(master, "web", "-n", "2000").splitlines()) == list(range(1, 1501))


def test_no_kill_of_the_logger_loses_a_line_or_keeps_a_worker_waiting(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place, num=2))
    pids = master.wait_running("web", 2)
    order(place, *(f"count {begin} {begin + 999} 0.002" for begin in range(1, 6001, 1000)))
    path = place.directory / "logs/web.log"
    for number in range(_KILLS):
        old = wait_until(lambda: logger_pid(master), "a logger")
        os.kill(old, signal.SIGKILL)
        size = path.stat().st_size if path.exists() else 0
        wait_until(lambda: logger_pid(master) not in (0, old), f"logger {number + 2}")
        if number % 10 == 0:
            wait_until(lambda: path.exists() and path.stat().st_size > size, "it writes")
    longest = max(done(place, pid, 6) for pid in pids)
    assert longest * 1000 <= _WAIT_MS, f"a write took {longest * 1000:.0f} ms"
    for pid in pids:
        def own(process: int = pid) -> list[int]:
            lines = path.read_text().splitlines()
            return numbered([line.split(" | ", 1)[1] for line in lines if f" {process} | " in line])

        wait_until(lambda: len(own()) >= 6000, "all lines of a worker")
        assert own() == list(range(1, 6001))


def test_a_stopped_logger_is_replaced(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place))
    (pid,) = master.wait_running("web")
    old = wait_until(lambda: logger_pid(master), "a logger")
    order(place, 'text "before\\n"')
    wait_until(lambda: text(master, "web") == "before\n", "the first line")
    os.kill(old, signal.SIGSTOP)
    order(place, 'text "after\\n"')
    assert done(place, pid, 2) * 1000 <= _WAIT_MS
    wait_until(lambda: logger_pid(master) not in (0, old), "another logger")
    wait_until(lambda: text(master, "web") == "before\nafter\n", "the second line")
    assert master.log().count("has said nothing for 5 s: it is killed") == 1


@pytest.mark.parametrize("on_full", ["drop", "block"])
def test_a_full_disk_is_said_once_and_what_was_dropped_is_counted(place: Place, on_full: str) -> None:
    config = f'[logs]\ndir = "logs"\non_full = "{on_full}"\nkeep_free = '
    master = place.start(config + '"1000TiB"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, "count 1 40000 0", 'text "last\\n"')
    wait_until(lambda: "less of the disk is free than keep_free says" in master.log(), "the reason")
    if on_full == "drop":
        assert done(place, pid, 2) * 1000 <= _WAIT_MS
    toml = place.directory / "fectld.toml"
    toml.write_text(toml.read_text().replace("1000TiB", "0KiB"))
    master.fectl_ok("apply", "--wait")
    done(place, pid, 2)
    wait_until(lambda: text(master, "web", "-n", "1") == "last\n", "the last line")
    lines = text(master, "web", "-n", "50000").splitlines()
    dropped = [line for line in lines if " dropped: " in line]
    if on_full == "block":
        assert not dropped and numbered(lines) == list(range(1, 40001))
    else:
        (line,) = dropped
        assert int(line.split()[0].replace(",", "")) + len(numbered(lines)) == 40000
        assert line in master.log()
    assert master.log().count("keep_free says") <= 2


def test_settings_change_while_it_runs(place: Place) -> None:
    master = place.start('[logs]\ndir = "logs"\n' + writer(place))
    (pid,) = master.wait_running("web")
    order(place, 'text "one\\n"')
    wait_until(lambda: text(master, "web") == "one\n", "the first line")
    toml = place.directory / "fectld.toml"
    toml.write_text(toml.read_text() + '[service.logs]\ndir = "other"\nformat = "json"\n')
    plan = master.fectl("plan")
    assert plan.returncode == 5 and "live" in plan.stdout and "roll" not in plan.stdout
    master.fectl_ok("apply", "--wait")
    order(place, 'text "two\\n"')
    path = place.directory / "other/web.log"
    wait_until(lambda: path.exists() and json.loads(path.read_text())["msg"] == "two", "the second line")
    assert master.pids("web") == [pid]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes other users")
def test_who_may_read(place: Place) -> None:
    place.directory.chmod(0o755)
    for allow, code in (("observe:65534", 4), ("logs:65534", 0), ("operate:65534", 0)):
        path = place.directory / allow.partition(":")[0]
        path.mkdir()
        config = f'[master]\nsock = "{path}/s"\nallow = ["{allow}"]\n' + writer(place)
        (path / "fectld.toml").write_text(config)
        path.chmod(0o755)
        with subprocess.Popen([place.fectld, "-c", path / "fectld.toml"], cwd=path, env=place.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as fectld:
            try:
                wait_until(lambda: place.fectl("-m", f"{path}/s", "ping").returncode == 0, "it serves")
                wait_until(lambda: place.fectl("-m", f"{path}/s", "logs", "web").returncode == 0, "its logger serves")
                read = subprocess.run([program(place, "client/fectl"), "-m", f"{path}/s", "logs", "web"],
                                      stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
                                      user=NOBODY, group=NOBODY, extra_groups=[])
                assert read.returncode == code, (allow, read)
            finally:
                fectld.terminate()


def test_a_worker_can_open_its_standard_streams_again(place: Place) -> None:
    config = place.service("tool", "/bin/sh -c 'echo out > /dev/stdout; echo err > /dev/stderr'", type="oneshot")
    config = config.replace("startup_timeout = 60\n", "").replace("num = 1\n", "")
    master = place.start('[logs]\ndir = "logs"\n' + config)
    wait_until(lambda: text(master, "tool") == "out\nerr\n", "both lines")
