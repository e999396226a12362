"""What fectld says and what its manual shows, where hard use found one or the other untrue."""

import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Place
from testdata.e2e.processes import DEADLINE_SECONDS, wait_until
from testdata.e2e.settings import needs_root, section, service

_ROOT = pathlib.Path(__file__).absolute().parents[2]
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _logrotate_example() -> str:
    """What fectld(8) shows of logrotate, as one would copy it from the page."""
    page = (_ROOT / "master/fectld.8").read_text(encoding="utf-8")
    block = page.partition(".Xr logrotate 8")[2].partition(".Bd -literal")[2].partition("\n")[2].partition(".Ed")[0]
    return block.replace("\\(dq", '"').replace("\\-", "-")


def test_LOGROTATE_the_example_of_the_manual_rotates_with_a_stopped_service(place: Place) -> None:
    logrotate = shutil.which("logrotate", path=_SYSTEM_PATH)
    assert logrotate is not None, "tools/setup installs logrotate"
    logs = settings.folder(place, "logs")
    web = {"command": settings.guest(place, "steady"), "stdout": "logs/web.log", "stderr": "logs/web.log"}
    config = section("[logging]", service="file", name="logs/fectld.log") + service(place, **web)
    master = settings.start(place, config + service(place, name="off", command=web["command"]))
    first = master.wait_running("web")[0]
    master.wait_running("off")
    master.fectl_ok("stop", "off")
    (logs / "web.log").write_text("a line\n", encoding="utf-8")
    example = _logrotate_example()
    assert example.startswith("/var/log/fectl/*.log {") and "fectl reload all" in example
    rotation = place.write("rotation.conf", example.replace("/var/log/fectl", str(logs)))
    programs = settings.folder(place, "bin")
    (programs / "fectl").symlink_to(settings.program(place, "client/fectl"))
    # The one difference from a machine's own fectld: its socket is not in /run/fectl.
    environment = {"PATH": f"{programs}:{_SYSTEM_PATH}", "FECTL_SOCK": master.sock}
    command = [logrotate, "--force", "--state", str(settings.folder(place, "state") / "status"), rotation]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False,
                          timeout=DEADLINE_SECONDS, **place.popen)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_until(lambda: "got SIGUSR1: log files were opened anew" in _text(logs / "fectld.log"), "the new log")
    second = master.wait_replaced("web", first)[0]
    settings.check_link(second, "fd/1", str(logs / "web.log"))
    assert _text(logs / "web.log.1") == "a line\n" and "service web worker(1)" in _text(logs / "fectld.log.1")
    assert master.state("off") == "stopped"


def test_REOPENED_says_how_many_files_could_be_opened_and_why_each_could_not(place: Place) -> None:
    logs = settings.folder(place, "logs")
    outputs = {"stdout": "logs/web.out", "stderr": "logs/web.err"}
    config = section("[logging]", service="file", name="my.log") + service(place, **outputs)
    master = settings.start(place, config)
    master.wait_running("web")
    log = place.directory / "my.log"
    logs.rename(place.directory / "moved")
    master.signal(signal.SIGUSR1)
    words = "got SIGUSR1: 1 of 3 log files could be opened anew; the others are written to as before"
    wait_until(lambda: words in _text(log), "the count")
    for name in outputs.values():
        assert f"could not be opened anew: cannot write to {name}: No such file or directory" in _text(log)
    assert "log files were opened anew" not in _text(log)
    settings.folder(place, "logs")
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "got SIGUSR1: log files were opened anew" in _text(log), "all of them")


def test_REOPENED_says_that_there_is_nothing_to_open(place: Place) -> None:
    master = settings.start(place, service(place))
    master.wait_running("web")
    master.signal(signal.SIGUSR1)
    wait_until(lambda: "got SIGUSR1: no log file is configured" in master.log(), "what the signal did")


@needs_root
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_CANNOT_REOPEN_is_told_by_the_check_and_at_the_start(place: Place, arguments: list[str]) -> None:
    place.directory.chmod(0o755)
    log = settings.given(pathlib.Path(place.write("my.log", "")))
    os.chown(log, NOBODY, NOBODY)
    config = section("[master]", uid="nobody", pid="my.pid") + section("[logging]", service="file", name="my.log")
    config += service(place, environ=["FOUND_IN=/tmp"], command=settings.guest(place, "steady"))
    if arguments:
        done = settings.run(place, config, *arguments)
        assert done.returncode == 0
        said = done.stderr
    else:
        master = settings.start(place, config)
        master.wait_running("web")
        said = master.log()
        master.signal(signal.SIGTERM)
        assert master.wait_exit() == 0
    for key in ("master.sock", "master.pid", "logging.name"):
        assert f"warning: {key}: cannot be made anew once it is moved or removed: fectld becomes nobody" in said
    for name in ("my.pid", "fectld.sock", "fectld.sock.lock"):
        (place.directory / name).unlink(missing_ok=True)


def test_DEV_FD_is_the_stream_of_fectld(place: Place) -> None:
    streams = {"stdout": "/dev/fd/1", "stderr": "/proc/self/fd/2"}
    master = settings.start(place, service(place, **streams))
    pid = master.wait_running("web")[0]
    for number in (1, 2):
        settings.check_link(pid, f"fd/{number}", str(master.log_file))


def test_GONE_LINK_the_cause_names_the_directory_that_was_removed(place: Place) -> None:
    release = settings.folder(place, "release-1")
    (release / "web").symlink_to(settings.guest(place, "steady"))
    (place.directory / "current").symlink_to("release-1")
    config = section("[master]", sock="../fectld.sock", pid="../my.pid") + service(place, command="./web", restarts=1)
    place.write(settings.CONFIG, config)
    master = place.launch("", arguments=["-c", "../" + settings.CONFIG], cwd=place.directory / "current")
    master.wait_until_up()
    master.wait_running("web")
    shutil.rmtree(release)
    settings.folder(place, "release-2")
    (place.directory / "current").unlink()
    (place.directory / "current").symlink_to("release-2")
    done = master.fectl("reload", "web")
    assert done.returncode == 1
    words = f"cannot execute ./web: No such file or directory (fectld's current directory, {release}, was removed)"
    assert words in done.stderr, done.stderr


def test_LOCAL_UTC_status_and_log_have_the_same_times(place: Place) -> None:
    master = settings.start(place, service(place))
    pid = master.wait_running("web")[0]
    shown = place.fectl("--sock", master.sock, "status", "web", environment={"TZ": "ABC-5"}).stdout
    event = next(line for line in shown.splitlines() if line.split()[2:4] == [str(pid), "running"])
    line = next(line for line in master.log().splitlines() if line.endswith(f"pid {pid}: running"))
    assert event.split()[0] == line.split()[0] and event.split()[0].endswith("Z"), (shown, master.log())
