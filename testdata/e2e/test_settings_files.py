"""The configuration as a file: what is wrong with it, --check, --print-config; and the [logging] section."""

import json
import os
import pathlib
import signal
import socket
from typing import Any

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import Place, built
from testdata.e2e.processes import wait_until
from testdata.e2e.settings import section, service


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


# --- bad configurations ---

_EVERY_MISTAKE = '''[master]
sokc = "fectld.sock"
uid = true

[[socket]]
name = "http"
port = 70000
prto = "tcp4"

[[socket]]
name = "http"
port = 8080
service = ["wbe"]

[[service]]
name = "web"
num = "two"
command = "{worker}"
restart = 3

[[service]]
name = "web"
num = 0
command = "/no/such/program"

[logging]
level = "loud"
'''


def test_every_mistake_is_told_in_one_run_and_nothing_is_started(place: Place) -> None:
    done = settings.run(place, _EVERY_MISTAKE.format(worker=settings.worker(place)))
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    expected = [(2, "master.sokc", 'did you mean "sock"?'), (3, "master.uid", "true"),
                (7, "socket.http.port", "from 0 to 65535, not 70000"), (8, "socket.http.prto", 'did you mean "proto"?'),
                (11, "socket[2].name", "is the name of another socket, in line 6"),
                (13, "socket[2].service", 'there is no service "wbe", did you mean "web"?'),
                (17, "service.web.num", '"two"'), (19, "service.web.restart", 'did you mean "restarts"?'),
                (22, "service[2].name", "is the name of another service, in line 16"),
                (23, "service[2].num", 'from 1 to 10000, or "auto", not 0'),
                (24, "warning: service[2].command", "cannot execute /no/such/program"), (27, "logging.level", '"loud"')]
    for number, key, words in expected:
        # file:line: key: what is wrong, what is allowed
        found = [line for line in lines if line.startswith(f"{settings.CONFIG}:{number}: {key}: ") and words in line]
        assert len(found) == 1, (number, key, words, done.stderr)
    assert len(lines) == len(expected), done.stderr
    assert not settings.reports(place.directory)
    assert not settings.made(place)


@pytest.mark.parametrize("text", ["not toml at all", "[[service]]\nname = web\n", "", "[master]\n"])
def test_what_is_no_configuration(place: Place, text: str) -> None:
    done = settings.run(place, text)
    assert done.returncode == 2 and done.stderr.startswith(f"{settings.CONFIG}:")


def test_a_file_that_cannot_be_read(place_of_nobody: Place) -> None:
    place = place_of_nobody
    place.write(settings.CONFIG, service(place), 0o000)
    done = settings.run(place, None, "-c", settings.CONFIG)
    assert (done.returncode, done.stderr) == (2, f"{settings.CONFIG}: cannot be opened: Permission denied\n")


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["-c"], ["mine.toml"], ["-x"], ["--check=yes"]])
def test_wrong_usage(place: Place, arguments: list[str]) -> None:
    done = settings.run(place, None, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fectld: ") and done.stderr.endswith("(see fectld --help)\n")


# --- --check ---


def test_check_starts_nothing(place: Place) -> None:
    done = settings.run(place, section("[master]", pid="my.pid") + service(place), "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{settings.CONFIG}: the configuration is valid\n", "")
    assert not settings.made(place)


def test_check_only_warns_of_what_this_machine_lacks(place: Place) -> None:
    config = service(place, command="/no/such/program") + service(place, name="api", directory="/no/such/folder")
    done = settings.run(place, config, "--check")
    assert done.returncode == 0
    missing = ": No such file or directory\n"
    assert done.stderr == (
        f"{settings.CONFIG}:4: warning: service.web.command: cannot execute /no/such/program{missing}"
        f"{settings.CONFIG}:10: warning: service.api.directory: there is no directory /no/such/folder{missing}")


def test_check_of_a_bad_configuration(place: Place) -> None:
    done = settings.run(place, service(place, num=0), "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{settings.CONFIG}:3: service.web.num: ")


def test_check_disturbs_no_running_master(place: Place) -> None:
    master = settings.start(place, section("[master]", pid="my.pid") + service(place))
    pid = master.wait_running("web")
    assert settings.run(place, None, "-c", settings.CONFIG, "--check").returncode == 0
    assert settings.run(place, None, "-c", settings.CONFIG, "--print-config").returncode == 0
    assert master.pids("web") == pid and _text(place.directory / "my.pid") == f"{master.pid}\n"


# --- --print-config ---


def _printed(place: Place, text: str) -> str:
    done = settings.run(place, text, "--print-config")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["minimal", "everything", "addresses", "field", "inline"])
def test_what_is_printed_loads_again_and_means_the_same(place: Place, name: str) -> None:
    text = built(f"testdata/configs/valid/{name}.toml").read_text(encoding="utf-8")
    printed = _printed(place, text)
    assert _printed(place, printed) == printed


def test_what_is_printed_runs(place: Place) -> None:
    config = section("[[socket]]", name="http", port=0, app="x", arguments=["a b", 'c"d'])
    config += service(place, command=f"{settings.worker(place)} 'one two' three", environ=["A=b c"], timeout=2.5)
    printed = _printed(place, config)
    settings.start(place, printed).wait_running("web")
    found = settings.report(place.directory)
    assert found["arguments"][1:] == ["one two", "three"]
    assert found["environment"]["A"] == "b c" and found["environment"]["FECTL_TIMEOUT"] == "2.5"


# --- --load, by which a running fectld reads a configuration ---


def test_what_is_loaded_is_whole_and_says_what_is_wrong(place: Place) -> None:
    done = settings.run(place, service(place, num="auto"), "--load", settings.CONFIG)
    assert (done.returncode, done.stderr) == (0, "")
    loaded = json.loads(done.stdout)
    assert loaded["problems"] == [] and loaded["files"] == [settings.CONFIG]
    assert loaded["config"]["services"][0]["num"] >= 1
    done = settings.run(place, section("[[socket]]", name="http", port=0, host="nowhere.invalid") + service(place),
                        "--load", settings.CONFIG)
    assert (done.returncode, done.stderr) == (1, "")
    problems = json.loads(done.stdout)["problems"]
    assert [(problem["line"], problem["key"]) for problem in problems] == [(4, "socket.http.host")]
    assert not settings.made(place)


# --- include and env_file ---


def test_services_of_other_files_run_with_variables_from_files(place: Place) -> None:
    settings.folder(place, "conf.d")
    place.write("conf.d/web.toml", service(place, env_file="web.env"))
    place.write("conf.d/web.env", "SECRET='a $b'\nBOTH=file\n")
    config = 'include = "conf.d/*.toml"\n[defaults]\nenviron = ["BOTH=defaults"]\n'
    settings.start(place, config).wait_running("web")
    environment = settings.report(place.directory)["environment"]
    assert (environment["SECRET"], environment["BOTH"]) == ("a $b", "defaults")


# --- [logging] ---


def _logged(place: Place, level: str) -> str:
    """What a master says whose one service fails, whose log is reopened, and which ends."""
    config = section("[logging]", service="file", name="my.log", level=level)
    failing = place.write("failing", "#!/bin/sh\nexit 7\n", 0o755)
    master = settings.start(place, config + service(place, command=failing, restarts=1))
    master.wait_state("web", "failed")
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0
    assert master.log() == ""
    return _text(place.directory / "my.log")


@pytest.mark.parametrize("level,letters", [("off", ""), ("error", "E"), ("warning", "EW"), ("warn", "EW"),
                                           ("info", "EIW"), ("debug", "EIW"), ("trace", "EIW")])
def test_levels(place: Place, level: str, letters: str) -> None:
    lines = _logged(place, level).splitlines()
    # 2026-01-31T12:00:00Z I text
    assert {line.split(" ")[1] for line in lines} == set(letters)


def test_the_log_goes_to_stderr_by_default(place: Place) -> None:
    master = settings.start(place, service(place))
    wait_until(lambda: " serves fectld.sock\n" in master.log(), "the first line")


@pytest.mark.parametrize("values", [{"service": "console", "name": "fectl", "facility": "user"},
                                    {"service": "fectl", "level": "info", "name": "fectl"}])
def test_the_fields_members_are_accepted(place: Place, values: dict[str, str]) -> None:
    master = settings.start(place, section("[logging]", **values) + service(place))
    wait_until(lambda: " serves fectld.sock\n" in master.log(), "the first line")


@pytest.mark.skipif(not settings.may_mount(), reason="a /dev/log of the test's own needs a mount namespace")
def test_what_syslog_gets(place: Place) -> None:
    devices = settings.folder(place, "dev")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(devices / "log"))
        log.settimeout(60)
        config = section("[logging]", service="syslog", name="fectl-test", facility="local7")
        failing = place.write("failing", "#!/bin/sh\nexit 7\n", 0o755)
        master = settings.start(place, config + service(place, command=failing, restarts=1),
                                preexec_fn=settings.with_devices(devices))
        master.wait_state("web", "failed")
        lines = [log.recv(4096).decode() for _ in range(4)]
    assert f" fectl-test[{master.pid}]: fectl " in lines[0] and lines[0].endswith("serves fectld.sock")
    # 23 is the facility local7; 6 informs, 4 warns, 3 is an error.
    assert [line.split(">")[0] for line in lines] == [f"<{23 * 8 + level}" for level in (6, 6, 4, 3)]


def test_syslog(place: Place) -> None:
    # Whether somebody listens on /dev/log or not: it serves, and says nothing where it was started from.
    config = section("[logging]", service="syslog", name="fectl-test", facility="local7")
    master = settings.start(place, config + service(place))
    master.wait_running("web")
    assert "serves" not in master.log() and "starting" not in master.log()


def test_sigusr1_opens_the_log_anew(place: Place) -> None:
    master = settings.start(place, section("[logging]", service="file", name="my.log") + service(place))
    pid = master.wait_running("web")[0]
    log = place.directory / "my.log"
    log.rename(place.directory / "my.log.1")
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "log files were opened anew" in _text(log), "the new file is written to")
    assert "serves" in _text(place.directory / "my.log.1") and "serves" not in _text(log)
    assert master.pids("web") == [pid] and os.getpgid(pid) == pid


def test_a_log_that_cannot_be_written_refuses_the_start(place: Place) -> None:
    (place.directory / "my.log").mkdir()
    values: dict[str, Any] = {"service": "file", "name": "my.log"}
    done = settings.run(place, section("[logging]", **values) + service(place))
    assert (done.returncode, done.stderr) == (1, "fectld: cannot write to my.log: it is a directory\n")
    assert not settings.reports(place.directory) and not (place.directory / "fectld.sock").exists()
