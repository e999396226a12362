"""The [[service]] section, key by key, in the real program."""

import os
import pathlib
import signal
import stat
import time
from typing import Any

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Place
from testdata.e2e.processes import alive, wait_until
from testdata.e2e.settings import needs_root, section, service


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


# --- name, num ---


def test_name_and_num(place: Place) -> None:
    master = settings.start(place, service(place, num=3) + service(place, name="api"))
    pids = master.wait_running("web", 3)
    found = [settings.report(place.directory, "web", index) for index in range(3)]
    assert sorted(entry["pid"] for entry in found) == sorted(pids)
    for index, entry in enumerate(found):
        assert entry["environment"]["FECTL_SRV_NAME"] == "web"
        assert entry["environment"]["FECTL_PROC_IDX"] == str(index)
    master.wait_running("api")
    # Commands go by the name.
    assert master.fectl("stop", "api").returncode == 0
    assert master.state("api") == "stopped" and master.pids("web") == pids


@pytest.mark.parametrize("key", ["name", "num", "command"])
def test_required_keys(place: Place, key: str) -> None:
    values = {"name": "web", "num": 1, "command": settings.worker(place)}
    del values[key]
    done = settings.run(place, section("[[service]]", **values))
    label = "service[1]" if key == "name" else "service.web"
    assert done.returncode == 2 and f"{settings.CONFIG}:1: {label}.{key}: is required" in done.stderr


@pytest.mark.parametrize("num", [0, -1])
def test_num_is_a_positive_integer(place: Place, num: int) -> None:
    done = settings.run(place, service(place, num=num))
    assert done.returncode == 2
    must = 'must be an integer from 1 to 10000, or "auto"'
    assert done.stderr == f"{settings.CONFIG}:3: service.web.num: {must}, not {num}\n"


# --- command ---


@pytest.mark.parametrize("words,expected", [
    ("plain", ["plain"]), ("'one word' \"two words\"", ["one word", "two words"]),
    ("a\\ b \"c\\\"d\" 'e\\f' ''", ["a b", 'c"d', "e\\f", ""]), ("g\"h\"'i' \\\\", ["ghi", "\\"]),
    ("$HOME `id` * > out && x ; y # z", ["$HOME", "`id`", "*", ">", "out", "&&", "x", ";", "y", "#", "z"]),
    ("  many   \t spaces  ", ["many", "spaces"]), ("ünï 'cödé'", ["ünï", "cödé"]),
])
def test_a_command_is_split_as_a_shell_splits_words_and_no_shell_is_run(place: Place, words: str,
                                                                        expected: list[str]) -> None:
    settings.start(place, service(place, command=f"{settings.worker(place)} {words}"))
    assert settings.report(place.directory)["arguments"][1:] == expected
    assert not (place.directory / "out").exists()


def test_a_command_as_an_array_is_not_split(place: Place) -> None:
    words = ["one word", "$HOME", "'quoted'", "", "\\", "new\nline"]
    settings.start(place, service(place, command=[settings.worker(place), *words]))
    assert settings.report(place.directory)["arguments"][1:] == words


@pytest.mark.parametrize("command,words", [
    ("'open", "has a ' that is never closed"), ("", "must name a program"), ([], "must name a program"),
    (["", "x"], "must name a program"), ("x \\", "backslash")])
def test_commands_that_are_none(place: Place, command: Any, words: str) -> None:
    done = settings.run(place, service(place, command=command))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{settings.CONFIG}:4: service.web.command: ") and words in done.stderr


def _by_name(place: Place, folder: str) -> str:
    """A folder with the worker under the name by-name."""
    settings.folder(place, folder)
    place.write(f"{folder}/by-name", pathlib.Path(settings.worker(place)).read_text(encoding="utf-8"), 0o755)
    return str(place.directory / folder)


def test_the_path_of_the_worker_decides_and_not_the_masters(place: Place) -> None:
    masters, workers = _by_name(place, "masters"), _by_name(place, "workers")
    environment = {**place.environment, "PATH": f"{masters}:/usr/bin:/bin"}
    config = service(place, command="by-name", environ=[f"PATH={workers}:/usr/bin:/bin"])
    config += service(place, name="api", command="by-name")
    settings.start(place, config, environment=environment)
    expected = {"web": f"{workers}/by-name", "api": f"{masters}/by-name"}
    for name, path in expected.items():
        found = settings.report(place.directory, name)
        # A script is told its own path.
        assert found["arguments"][0] == path
        assert found["environment"]["PATH"] == f"{os.path.dirname(path)}:/usr/bin:/bin"


def test_a_master_without_a_path_gives_its_workers_the_usual_one(place: Place) -> None:
    environment = {name: value for name, value in place.environment.items() if name != "PATH"}
    settings.start(place, service(place, command=["python3", settings.worker(place)]), environment=environment)
    assert "/usr/bin" in settings.report(place.directory)["environment"]["PATH"].split(":")


@pytest.mark.parametrize("path", ["", ".", ":", "/usr/bin::/bin", "folder"])
def test_never_in_the_current_directory(place: Place, path: str) -> None:
    _by_name(place, ".")
    _by_name(place, "folder")
    config = service(place, command="by-name", environ=[f"PATH={path}"], restarts=1)
    words = f"{settings.CONFIG}:4: warning: service.web.command: there is no program by-name in PATH ("
    assert settings.run(place, config, "--check").stderr.startswith(words)
    settings.start(place, config).wait_state("web", "failed")
    assert not settings.reports(place.directory)


@pytest.mark.parametrize("directory", [None, "folder", "{place}/folder"])
@pytest.mark.parametrize("command", ["./by-name", "../folder/by-name", "deeper/by-name"])
def test_unless_it_says_so(place: Place, directory: Any, command: str) -> None:
    folder = "." if directory is None else "folder"
    _by_name(place, "folder")
    _by_name(place, folder)
    _by_name(place, f"{folder}/deeper")
    if directory is None:
        command = command.replace("../", "./")
    values = {} if directory is None else {"directory": directory.format(place=place.directory)}
    settings.start(place, service(place, command=command, **values)).wait_running("web")
    found = settings.report(place.directory / folder)
    assert found["directory"] == str((place.directory / folder).resolve())


def test_a_missing_program_is_told_and_the_others_start(place: Place) -> None:
    config = service(place) + service(place, name="bad", command="/no/such/program", restarts=1)
    words = "service.bad.command: cannot execute /no/such/program: No such file or directory\n"
    assert settings.run(place, config, "--check").stderr == f"{settings.CONFIG}:9: warning: {words}"
    master = settings.start(place, config)
    master.wait_running("web")
    master.wait_state("bad", "failed")
    assert words in master.log()


def test_a_program_without_the_right_to_execute_it(place: Place) -> None:
    place.write("plain", "#!/bin/sh\n", 0o644)
    config = service(place, command="./plain", restarts=1)
    assert "./plain: Permission denied" in settings.run(place, config, "--check").stderr
    master = settings.start(place, config)
    master.wait_state("web", "failed")
    assert "./plain: Permission denied" in master.fectl_ok("status", "web")


# --- directory ---


@pytest.mark.parametrize("directory", ["folder", "{place}/folder", "./folder/"])
def test_directory(place: Place, directory: str) -> None:
    settings.folder(place, "folder")
    settings.start(place, service(place, directory=directory.format(place=place.directory)))
    assert settings.report(place.directory / "folder")["directory"] == str(place.directory / "folder")


def test_without_a_directory_it_is_the_masters(place: Place) -> None:
    settings.start(place, service(place))
    assert settings.report(place.directory)["directory"] == str(place.directory)


def test_a_relative_directory_is_taken_from_the_masters(place: Place) -> None:
    settings.folder(place, "home/folder")
    config = section("[master]", directory="home", sock="../fectld.sock") + service(place, directory="folder")
    settings.start(place, config)
    assert settings.report(place.directory / "home/folder")["directory"] == str(place.directory / "home/folder")


def test_a_directory_that_is_missing_is_told_and_the_others_start(place: Place) -> None:
    config = service(place) + service(place, name="bad", directory="nowhere", restarts=1)
    words = "service.bad.directory: there is no directory nowhere: No such file or directory\n"
    assert words in settings.run(place, config, "--check").stderr
    master = settings.start(place, config)
    master.wait_running("web")
    master.wait_state("bad", "failed")
    assert words in master.log()


# --- environ ---


def test_environ(place: Place) -> None:
    values = ["ONE=1", "EMPTY=", "EQUALS=a=b", "HOME=/elsewhere", "SPACE= x ", "LANG=xx"]
    settings.start(place, service(place, environ=values), environment={**place.environment, "HOME": "/nowhere"})
    found = settings.report(place.directory)["environment"]
    assert {name: found[name] for name in ("ONE", "EMPTY", "EQUALS", "HOME", "SPACE", "LANG")} == {
        "ONE": "1", "EMPTY": "", "EQUALS": "a=b", "HOME": "/elsewhere", "SPACE": " x ", "LANG": "xx"}


@pytest.mark.parametrize("entry,words", [("NO THING", "must be an array of strings like"), ("=x", "must be"),
                                         ("FECTL_FD=3:4", "must not set FECTL_FD, which fectld itself sets"),
                                         ("FECTL_FD_x=1", "must not set FECTL_FD_x")])
def test_environ_that_cannot_be(place: Place, entry: str, words: str) -> None:
    done = settings.run(place, service(place, environ=[entry]))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{settings.CONFIG}:5: service.web.environ: ") and words in done.stderr


# --- uid and gid ---


def _found_by_nobody(place: Place, **values: Any) -> dict[str, Any]:
    """What the worker finds who runs as these; the folder takes anybody's files."""
    place.directory.chmod(0o777)
    settings.start(place, service(place, **values))
    return settings.report(place.directory)


@needs_root
@pytest.mark.parametrize("values", [{"uid": NOBODY, "gid": NOBODY}, {"uid": "nobody", "gid": "nogroup"},
                                    {"uid": "nobody"}, {"uid": NOBODY}])
def test_uid_and_gid(place: Place, values: dict[str, Any]) -> None:
    found = _found_by_nobody(place, **values)
    assert (found["uids"], found["gids"], found["groups"]) == ([NOBODY] * 3, [NOBODY] * 3, [NOBODY])
    ids = settings.process_ids(found["pid"])
    assert ids == {"Uid": [NOBODY] * 4, "Gid": [NOBODY] * 4, "Groups": [NOBODY]}
    names = {name: found["environment"].get(name) for name in ("HOME", "USER", "LOGNAME")}
    assert names == {"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}


def test_without_uid_and_gid_it_is_the_masters(place: Place) -> None:
    master = settings.start(place, service(place))
    found = settings.report(place.directory)
    user, group = settings.user_and_group()
    assert (found["uids"], found["gids"]) == ([user] * 3, [group] * 3)
    assert settings.process_ids(found["pid"]) == settings.process_ids(master.pid)


@needs_root
def test_gid_alone_keeps_the_user(place: Place) -> None:
    found = _found_by_nobody(place, gid=NOBODY)
    assert (found["uids"], found["gids"], found["groups"]) == ([0] * 3, [NOBODY] * 3, [NOBODY])


@needs_root
def test_a_user_number_without_an_entry(place: Place) -> None:
    found = _found_by_nobody(place, uid=54320, gid=54321)
    assert (found["uids"], found["gids"], found["groups"]) == ([54320] * 3, [54321] * 3, [54321])


def test_a_user_number_without_an_entry_needs_a_group(place: Place) -> None:
    done = settings.run(place, service(place, uid=54320))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{settings.CONFIG}:5: service.web.uid: user 54320 is not in the user database")


@pytest.mark.skipif(not settings.may_mount(), reason="groups of the test's own need a mount namespace")
@pytest.mark.parametrize("values,expected", [({"uid": "nobody"}, [54321, 54322, NOBODY]),
                                             ({"uid": NOBODY, "gid": "three"}, [54321, 54322, 54323])])
def test_exactly_the_groups_of_the_user(place: Place, values: dict[str, Any], expected: list[int]) -> None:
    place.directory.chmod(0o777)
    groups = "root:x:0:\nnogroup:x:65534:\none:x:54321:games,nobody\ntwo:x:54322:nobody\nthree:x:54323:games\n"
    settings.start(place, service(place, **values), preexec_fn=settings.with_groups(place, groups))
    found = settings.report(place.directory)
    assert found["groups"] == expected
    assert found["gids"] == [54323 if "gid" in values else NOBODY] * 3


@pytest.mark.parametrize("values,what", [({"uid": 0, "gid": 0}, "the groups of user 0"),
                                         ({"uid": "root"}, "the groups of user 0")])
def test_who_cannot_switch_fails_with_the_reason_and_never_runs(place_of_nobody: Place, values: dict[str, Any],
                                                                what: str) -> None:
    place = place_of_nobody
    master = settings.start(place, service(place) + service(place, name="high", restarts=1, **values))
    assert "cannot switch to another user or group" in master.log()
    master.wait_state("high", "failed")
    assert f"cannot switch to {what}: Operation not permitted" in master.fectl_ok("status", "high")
    assert not settings.reports(place.directory, "high"), "it ran as the wrong user"
    master.wait_running("web")
    assert master.fectl("start", "high").returncode == 1


@needs_root
def test_the_worker_has_no_way_back(place: Place) -> None:
    found = _found_by_nobody(place, uid="nobody")
    status = pathlib.Path(f"/proc/{found['pid']}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name].strip() for name in ("CapPrm", "CapEff", "CapAmb", "CapInh")} == {"0000000000000000"}


# --- restarts, timeouts: the defaults ---


def _starts(place: Place) -> int:
    return len(_text(place.directory / "starts").splitlines())


def _failing(place: Place, body: str) -> str:
    return place.write("failing", f"#!/bin/sh\necho start >> {place.directory}/starts\n{body}\n", 0o755)


@pytest.mark.parametrize("values,expected", [({}, 3), ({"restarts": 1}, 1), ({"restarts": 5}, 5)])
def test_restarts(place: Place, values: dict[str, int], expected: int) -> None:
    master = settings.start(place, service(place, command=_failing(place, "exit 7"), **values))
    master.wait_state("web", "failed")
    assert _starts(place) == expected
    assert "exited with code 7" in master.fectl_ok("status", "web")


def test_after_three_attempts_to_load_the_service_is_failed(place: Place) -> None:
    command = _failing(place, "trap '' TERM\nwhile :; do sleep 1; done")
    master = settings.start(place, service(place, command=command, startup_timeout=0.3))
    master.wait_state("web", "failed")
    assert _starts(place) == 3
    assert "StartupTimeout" in master.reasons("web")
    wait_until(lambda: not master.pids("web"), "all of them were killed")


def test_the_defaults_of_the_specification(place: Place) -> None:
    done = settings.run(place, section("[[socket]]", name="http", port=0) + service(place), "--print-config")
    assert done.returncode == 0
    for line in ('sock = "fectld.sock"', "backlog = 256", 'proto = "tcp4"', "restarts = 3", "timeout = 10",
                 "startup_timeout = 30", "shutdown_timeout = 30"):
        assert f"\n{line}\n" in done.stdout
    # And they are what the workers are told.
    settings.start(place, service(place))
    environment = settings.report(place.directory)["environment"]
    assert (environment["FECTL_TIMEOUT"], environment["FECTL_SHUTDOWN_TIMEOUT"]) == ("10", "30")


def test_a_silent_worker_is_killed_and_restarted(place: Place) -> None:
    master = settings.start(place, service(place, command=settings.guest(place, "steady"), timeout=1))
    first = master.wait_running("web")[0]
    os.kill(first, signal.SIGSTOP)
    master.wait_replaced("web", first)
    assert "HeartbeatFailed" in master.reasons("web")


@pytest.mark.parametrize("command", ["stop", "restart", "reload"])
def test_shutdown_timeout(place: Place, command: str) -> None:
    master = settings.start(place, service(place, command=settings.guest(place, "deaf"), shutdown_timeout=1))
    pid = master.wait_running("web")[0]
    begun = time.monotonic()
    master.fectl(command, "web")
    wait_until(lambda: not alive(pid), "the deaf worker is killed")
    assert time.monotonic() - begun >= 1
    if command != "stop":
        assert master.wait_running("web") != [pid]


# --- stdout and stderr ---


def test_stdout_and_stderr(place: Place) -> None:
    config = service(place, stdout="web.out", stderr="web.err") + service(place, name="api", stdout="web.out")
    master = settings.start(place, config)
    worker = master.wait_running("web")[0]
    other = master.wait_running("api")[0]
    out, err = place.directory / "web.out", place.directory / "web.err"
    wait_until(lambda: f"output of {other}\n" in _text(out), "both write to one file")
    assert f"output of {worker}\n" in _text(out) and _text(err) == f"errors of {worker}\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    wait_until(lambda: f"errors of {other}\n" in master.log(), "what is not given is the master's")
    assert "output of" not in master.log()


@needs_root
def test_the_files_are_opened_by_the_master_for_any_user(place: Place) -> None:
    place.directory.chmod(0o777)
    master = settings.start(place, service(place, uid="nobody", stdout="web.out", stderr="web.err"))
    worker = master.wait_running("web")[0]
    wait_until(lambda: _text(place.directory / "web.err") == f"errors of {worker}\n", "the line")
    assert (place.directory / "web.err").stat().st_uid == 0, "a worker must not be able to replace it"


def test_sigusr1_opens_the_files_anew(place: Place) -> None:
    master = settings.start(place, service(place, stdout="web.out", stderr="web.err"))
    first = master.wait_running("web")[0]
    out, err = place.directory / "web.out", place.directory / "web.err"
    wait_until(lambda: _text(err) == f"errors of {first}\n", "the first worker's line")
    for path in (out, err):
        path.rename(str(path) + ".1")
    master.signal(signal.SIGUSR1)
    wait_until(lambda: out.exists() and err.exists(), "the new files are there")
    # Workers that start from now on write to them; a reload brings all of them over.
    assert master.fectl("reload", "web").returncode == 0
    second = master.wait_replaced("web", first)[0]
    wait_until(lambda: _text(out) == f"output of {second}\n" and _text(err) == f"errors of {second}\n", "new lines")
    assert _text(place.directory / "web.out.1") == f"output of {first}\n"


def test_an_output_file_that_cannot_be_opened_fails_the_start_with_the_reason(place: Place) -> None:
    (place.directory / "web.out").mkdir()
    master = settings.start(place, service(place, stdout="web.out", restarts=1))
    master.wait_state("web", "failed")
    assert "cannot write to web.out: it is a directory" in master.fectl_ok("status", "web")
    assert not settings.reports(place.directory)


def test_a_folder_that_is_missing_fails_the_service_with_the_reason(place: Place) -> None:
    config = service(place, stdout="nowhere/web.out", restarts=1)
    assert settings.run(place, config, "--check").stderr == (
        f"{settings.CONFIG}:5: warning: service.web.stdout: there is no directory nowhere: No such file or directory\n")
    master = settings.start(place, config)
    master.wait_state("web", "failed")
    assert "cannot write to nowhere/web.out: No such file or directory" in master.fectl_ok("status", "web")
