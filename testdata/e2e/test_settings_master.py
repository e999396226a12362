"""The [master] section, key by key, in the real program."""

import fcntl
import os
import pathlib
import signal
import stat
import subprocess
from typing import Any

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Master, Place
from testdata.e2e.http_requests import http_get
from testdata.e2e.processes import alive, wait_until
from testdata.e2e.settings import needs_root, section, service


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _leave(master: Master) -> None:
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0


# --- without a section, and its defaults ---


def test_without_a_master_section_the_defaults_hold(place: Place) -> None:
    master = settings.start(place, service(place))
    master.wait_running("web")
    # The socket fectld.sock of the current directory; nothing else is made, nobody is switched to.
    assert settings.made(place) == {"fectld.sock", "fectld.sock.lock", "fectld.sock.logs", "found-web-0"}
    settings.check_link(master.pid, "cwd", str(place.directory))
    assert settings.process_ids(master.pid)["Uid"] == [settings.user_and_group()[0]] * 4
    out, err = settings.report(place.directory)["streams"][1:]
    assert out == err and out.startswith("pipe:")
    _leave(master)
    assert not (place.directory / "fectld.sock").exists() and not (place.directory / "fectld.sock.lock").exists()


def test_the_configuration_is_fectld_toml_of_the_current_directory(place: Place) -> None:
    # The harness writes fectld.toml, and gives no -c.
    place.start(place.service("web", settings.worker(place))).wait_running("web")


def test_another_configuration_is_named_with_c(place: Place) -> None:
    folder = place.directory / "elsewhere"
    folder.mkdir()
    place.write("elsewhere/other.toml", service(place))
    master = place.launch("", arguments=["-c", "elsewhere/other.toml"]).wait_until_up()
    master.wait_running("web")
    # Paths in it are taken from the current directory, not from the file's.
    assert settings.report(place.directory)["directory"] == str(place.directory)


def test_no_configuration_at_all(place: Place) -> None:
    done = settings.run(place, None)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fectld.toml: cannot be opened: No such file or directory\n"


# --- sock ---


@pytest.mark.parametrize("sock", ["./fectld.sock", "{place}/fectld.sock"])
def test_sock(place: Place, sock: str) -> None:
    config = section("[master]", sock=sock.format(place=place.directory))
    settings.start(place, config + service(place)).wait_running("web")
    file = (place.directory / "fectld.sock").stat()
    assert stat.S_ISSOCK(file.st_mode) and stat.S_IMODE(file.st_mode) == 0o600


# --- directory ---


def test_directory_in_the_foreground(place: Place) -> None:
    folder = settings.folder(place, "home")
    files = {"pid": "my.pid", "stdout": "my.out", "stderr": "my.err"}
    config = section("[master]", directory="home", sock="../fectld.sock", **files)
    config += section("[[socket]]", name="local", proto="unix", path="local.sock")
    config += service(place, stdout="web.out", stderr="web.err")
    config += section("[logging]", service="file", name="my.log")
    master = settings.start(place, config)
    master.wait_running("web")
    found = settings.report(folder)
    assert found["directory"] == str(folder) and found["sockets"]["local"]["address"] == "local.sock"
    assert found["streams"][1:] == [str(folder / "web.out"), str(folder / "web.err")]
    made = {"found-web-0", "local.sock", "my.pid", "my.out", "my.err", "my.log", "web.out", "web.err"}
    assert {path.name for path in folder.iterdir()} == made
    _leave(master)
    assert {path.name for path in folder.iterdir()} == made - {"local.sock", "my.pid"}


def test_a_directory_that_is_missing_is_told_before_anything_starts(place: Place) -> None:
    done = settings.run(place, section("[master]", directory="nowhere") + service(place))
    assert done.returncode == 2
    assert done.stderr == (f"{settings.CONFIG}:2: master.directory: there is no directory nowhere: "
                           "No such file or directory\n")
    assert not settings.reports(place.directory)


# --- pid ---


def test_pid_file(place: Place) -> None:
    path = place.directory / "my.pid"
    master = settings.start(place, section("[master]", pid="my.pid") + service(place))
    assert _text(path) == f"{master.pid}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    with open(path, encoding="utf-8") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _leave(master)
    assert not path.exists()
    assert not [found for found in place.directory.iterdir() if found.name.startswith(".")], "half a pid file is left"


def test_a_stale_pid_file_is_replaced_and_the_stranger_never_signalled(place: Place) -> None:
    with subprocess.Popen(["/bin/sleep", "1000"]) as stranger:
        try:
            place.write("my.pid", f"{stranger.pid}\n")
            master = settings.start(place, section("[master]", pid="my.pid") + service(place))
            master.wait_running("web")
            assert _text(place.directory / "my.pid") == f"{master.pid}\n"
            _leave(master)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_pid_file_of_a_killed_master_is_replaced(place: Place) -> None:
    config = section("[master]", pid="my.pid") + service(place)
    first = settings.start(place, config)
    worker = first.wait_running("web")[0]
    first.process.kill()
    first.wait_exit()
    wait_until(lambda: not alive(worker), "the worker sees the end of its master")
    assert _text(place.directory / "my.pid") == f"{first.pid}\n"
    second = settings.start(place, config)
    assert _text(place.directory / "my.pid") == f"{second.pid}\n"
    _leave(second)
    assert not (place.directory / "my.pid").exists()


def test_a_locked_pid_file_refuses_the_start(place: Place) -> None:
    path = pathlib.Path(place.write("my.pid", f"{os.getpid()}\n"))
    with open(path, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = settings.run(place, section("[master]", pid="my.pid") + service(place))
        assert done.returncode == 1
        assert done.stderr == f"fectld: my.pid is locked by pid {os.getpid()}\n"
        assert _text(path) == f"{os.getpid()}\n"
    assert not settings.reports(place.directory)


def test_what_is_no_pid_file_is_left_alone(place: Place) -> None:
    place.write("precious", "do not lose this")
    (place.directory / "my.pid").symlink_to("precious")
    done = settings.run(place, section("[master]", pid="my.pid") + service(place))
    assert done.returncode == 1 and "my.pid: a symbolic link is in the way" in done.stderr
    assert _text(place.directory / "precious") == "do not lose this"


# --- uid and gid ---


def _open_to_nobody(place: Place) -> None:
    """The directory is that user's, with the programs in it. (The build's own folders may be closed to him.)"""
    os.chown(place.directory, NOBODY, NOBODY)


def _as_nobody(place: Place, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([settings.program(place, "client/fectl"), *arguments], cwd=place.directory, user=NOBODY,
                          group=NOBODY, extra_groups=[], capture_output=True, text=True, check=False, timeout=60)


@needs_root
@pytest.mark.parametrize("values", [{"uid": NOBODY, "gid": NOBODY}, {"uid": "nobody", "gid": "nogroup"},
                                    {"uid": "nobody"}])
def test_master_switches_user_and_group(place: Place, values: dict[str, Any]) -> None:
    _open_to_nobody(place)
    master = settings.start(place, section("[master]", pid="my.pid", **values) + service(place))
    master.wait_running("web")
    found = settings.report(place.directory)
    for ids in (settings.process_ids(master.pid), settings.process_ids(found["pid"])):
        assert ids == {"Uid": [NOBODY] * 4, "Gid": [NOBODY] * 4, "Groups": [NOBODY]}
    # Who and where the workers are is that user's, too.
    names = {name: found["environment"].get(name) for name in ("HOME", "USER", "LOGNAME")}
    assert names == {"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}
    _leave(master)
    assert not (place.directory / "my.pid").exists() and not (place.directory / "fectld.sock.lock").exists()


@needs_root
def test_master_switches_the_group_alone(place: Place) -> None:
    master = settings.start(place, section("[master]", gid=NOBODY) + service(place))
    assert settings.process_ids(master.pid) == {"Uid": [0] * 4, "Gid": [NOBODY] * 4, "Groups": [NOBODY]}


@pytest.mark.skipif(not settings.may_mount(), reason="groups of the test's own need a mount namespace")
def test_master_gets_every_group_of_the_user(place: Place) -> None:
    _open_to_nobody(place)
    config = section("[master]", uid="nobody") + service(place)
    groups = "root:x:0:\nnogroup:x:65534:\none:x:54321:games,nobody\ntwo:x:54322:nobody\nthree:x:54323:games\n"
    master = settings.start(place, config, preexec_fn=settings.with_groups(place, groups))
    master.wait_running("web")
    for pid in (master.pid, settings.report(place.directory)["pid"]):
        assert settings.process_ids(pid)["Groups"] == [54321, 54322, NOBODY]


@needs_root
def test_the_control_socket_is_usable_by_that_user(place: Place) -> None:
    _open_to_nobody(place)
    master = settings.start(place, section("[master]", uid="nobody") + service(place))
    master.wait_running("web")
    file = (place.directory / "fectld.sock").stat()
    assert (file.st_uid, file.st_gid, stat.S_IMODE(file.st_mode)) == (NOBODY, NOBODY, 0o600)
    done = _as_nobody(place, "status", "web")
    assert done.returncode == 0 and "running" in done.stdout, done
    assert master.fectl("pid").returncode == 0, "root may, too"
    assert _as_nobody(place, "quit").returncode == 0
    assert master.wait_exit() == 0


@needs_root
def test_sockets_are_bound_before_the_switch(place: Place) -> None:
    _open_to_nobody(place)
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="utf-8") as first:
        unprivileged = int(first.read())
    port = settings.free_port(600, 1000)
    if port >= unprivileged:
        pytest.skip("every user may bind every port on this machine")
    config = section("[[socket]]", name="http", host="127.0.0.1", port=port)
    config += service(place, command=settings.guest(place, "steady"))
    # Nobody himself may not; root, who becomes nobody, may.
    programs = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with_program = [settings.program(place, "master/fectld"), "-c", settings.CONFIG]
    place.write(settings.CONFIG, config)
    done = subprocess.run(with_program, cwd=place.directory, capture_output=True, text=True, check=False, timeout=60,
                          **programs)
    assert done.returncode == 1
    assert done.stderr == f"fectld: socket http: cannot listen on 127.0.0.1:{port}: Permission denied\n"
    master = settings.start(place, section("[master]", uid="nobody") + config)
    pid = master.wait_running("web")[0]
    assert settings.process_ids(pid)["Uid"] == [NOBODY] * 4
    assert http_get(port).split()[0] == str(pid)


@needs_root
def test_in_a_folder_of_root_nothing_stale_is_left_that_could_mislead(place: Place) -> None:
    # As in /run: root may make files there, the user whom the master becomes may not remove them.
    place.directory.chmod(0o755)
    reports = settings.folder(place, "reports")
    os.chown(reports, NOBODY, NOBODY)
    config = section("[master]", uid="nobody", pid="my.pid") + service(place, environ=[f"FOUND_IN={reports}"])
    for _ in range(2):
        master = settings.start(place, config)
        master.wait_running("web")
        assert _text(place.directory / "my.pid") == f"{master.pid}\n"
        _leave(master)
        # No number that another process may have got; and the next master takes the place of what is left.
        assert _text(place.directory / "my.pid") == ""
    for name in ("my.pid", "fectld.sock", "fectld.sock.lock"):
        (place.directory / name).unlink(missing_ok=True)


@needs_root
def test_a_service_cannot_become_root_again(place: Place) -> None:
    _open_to_nobody(place)
    config = section("[master]", uid="nobody") + service(place) + service(place, name="high", uid=0, restarts=1)
    master = settings.start(place, config)
    assert "cannot switch to another user or group" in master.log()
    master.wait_state("high", "failed")
    assert "Operation not permitted" in master.fectl_ok("status", "high")
    master.wait_running("web")
    assert not settings.reports(place.directory, "high"), "it ran as the wrong user"


def test_an_ordinary_user_cannot_switch(place_of_nobody: Place) -> None:
    place = place_of_nobody
    done = settings.run(place, section("[master]", uid=0, gid=0) + service(place))
    assert done.returncode == 1
    assert f"{settings.CONFIG}:2: warning: master.uid: fectld, running as user" in done.stderr
    assert done.stderr.endswith("fectld: cannot set the owner of fectld.sock.lock: Operation not permitted\n")
    assert not settings.reports(place.directory) and not (place.directory / "fectld.sock").exists()


def test_an_ordinary_user_may_name_himself(place_of_nobody: Place) -> None:
    place = place_of_nobody
    uid, gid = (NOBODY, NOBODY) if os.geteuid() == 0 else settings.user_and_group()
    master = settings.start(place, section("[master]", uid=uid, gid=gid) + service(place, uid=uid, gid=gid))
    master.wait_running("web")
    assert settings.report(place.directory)["uids"] == [uid] * 3


def test_unknown_users_and_groups_are_told_before_anything_starts(place: Place) -> None:
    config = section("[master]", uid="no-such-user", gid="no-such-group") + service(place)
    done = settings.run(place, config)
    assert done.returncode == 2
    assert done.stderr == (f"{settings.CONFIG}:2: master.uid: there is no user no-such-user\n"
                           f"{settings.CONFIG}:3: master.gid: there is no group no-such-group\n")
    assert not (place.directory / "fectld.sock").exists()


# --- stdout and stderr ---


def test_stdout_and_stderr(place: Place) -> None:
    config = section("[master]", stdout="my.out", stderr="my.err") + service(place)
    master = settings.start(place, config)
    worker = master.wait_running("web")[0]
    out, err = place.directory / "my.out", place.directory / "my.err"
    # The master's own lines, and what workers without files of their own say.
    wait_until(lambda: f"errors of {worker}\n" in _text(err), "the worker's errors are in the master's file")
    assert f"(pid {master.pid}) serves fectld.sock" in _text(err)
    wait_until(lambda: _text(out) == f"web[1] out | output of {worker}\n", "its output, and nothing else")
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert master.log() == "", "nothing of it goes to where the master was started from"
    _leave(master)
    # The next one appends.
    second = settings.start(place, config)
    second.wait_running("web")
    assert f"(pid {master.pid}) serves" in _text(err) and f"(pid {second.pid}) serves" in _text(err)


def test_one_file_for_both(place: Place) -> None:
    master = settings.start(place, section("[master]", stdout="both", stderr="both") + service(place))
    worker = master.wait_running("web")[0]
    both = place.directory / "both"
    wait_until(lambda: f"errors of {worker}\n" in _text(both) and f"output of {worker}\n" in _text(both), "both")
    assert "serves fectld.sock" in _text(both)


def test_without_them_the_streams_stay_what_they_are(place: Place) -> None:
    master = settings.start(place, service(place))
    worker = master.wait_running("web")[0]
    wait_until(lambda: f"output of {worker}" in master.log() and f"errors of {worker}" in master.log(), "both lines")


def test_sigusr1_opens_the_masters_files_anew(place: Place) -> None:
    master = settings.start(place, section("[master]", stdout="my.out", stderr="my.err") + service(place))
    first = master.wait_running("web")[0]
    out, err = place.directory / "my.out", place.directory / "my.err"
    wait_until(lambda: f"errors of {first}\n" in _text(err), "the first worker's lines")
    for path in (out, err):
        path.rename(str(path) + ".1")
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "log files were opened anew" in _text(err), "the new file is written to")
    assert "log files were opened anew" not in _text(place.directory / "my.err.1")
    assert master.fectl("restart", "web").returncode == 0
    second = master.wait_replaced("web", first)[0]
    wait_until(lambda: f"output of {second}\n" in _text(out) and f"errors of {second}\n" in _text(err), "new lines")
    assert str(second) not in _text(place.directory / "my.out.1")


@needs_root
def test_output_files_belong_to_the_user_who_must_open_them_again(place: Place) -> None:
    _open_to_nobody(place)
    config = section("[master]", uid="nobody", stderr="my.err") + section("[logging]", service="file", name="my.log")
    master = settings.start(place, config + service(place))
    master.wait_running("web")
    for name in ("my.err", "my.log"):
        assert (place.directory / name).stat().st_uid == NOBODY
        (place.directory / name).rename(place.directory / (name + ".1"))
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "log files were opened anew" in _text(place.directory / "my.log"), "a new log file")
    assert (place.directory / "my.err").stat().st_uid == NOBODY


def test_a_file_that_cannot_be_opened_anew_is_told_and_the_old_one_kept(place: Place) -> None:
    master = settings.start(place, section("[master]", stderr="my.err") + service(place))
    err, moved = place.directory / "my.err", place.directory / "my.err.1"
    master.wait_running("web")
    err.rename(moved)
    err.mkdir()
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "could not be opened anew: cannot write to my.err: it is a directory" in _text(moved), "why")
    assert master.state("web") == "running"
