"""fectld --daemon: the command, and what it leaves running."""

import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Place
from testdata.e2e.processes import DEADLINE_SECONDS, alive, descendants, wait_until
from testdata.e2e.settings import section, service


def _terminal(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return int(stat.read().rpartition(")")[2].split()[4])


@pytest.mark.parametrize("option", ["-d", "--daemon"])
def test_the_command_returns_when_the_master_serves(place: Place, option: str) -> None:
    # The first request is made right after the return, and must find the socket.
    with settings.daemon(place, service(place), option) as daemon:
        daemon.wait_running("web")


def test_the_daemon_without_privilege(place_of_nobody: Place) -> None:
    with settings.daemon(place_of_nobody, service(place_of_nobody)) as daemon:
        daemon.wait_running("web")
        settings.check_link(daemon.pid, "fd/0", "/dev/null")


def test_the_daemon_keeps_nothing_of_its_caller(place: Place) -> None:
    # settings.daemon() waits for the end of both streams, which would not come if the daemon kept one.
    end_here, end_there = os.pipe()
    with settings.daemon(place, service(place), pass_fds=[end_there]) as daemon:
        os.close(end_there)
        for fd in (0, 1, 2):
            settings.check_link(daemon.pid, f"fd/{fd}", "/dev/null")
        assert _terminal(daemon.pid) == 0
        assert os.getsid(daemon.pid) not in (os.getsid(0), daemon.pid), "a session's leader could get a terminal"
        # Nobody holds the other end any more.
        os.set_blocking(end_here, False)
        assert os.read(end_here, 1) == b""
        found = settings.report(place.directory)
        # Its output goes to the logger.
        there, output, error = found["streams"]
        assert there == "/dev/null" and output.startswith("pipe:") and error == output
        assert found["descriptors"] == [0, 1, 2, 3, 4]
    os.close(end_here)


def test_the_daemon_outlives_its_terminal(place: Place) -> None:
    place.write(settings.CONFIG, service(place))
    here, there = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(there, termios.TIOCSCTTY, 0)

    command = subprocess.run([str(place.fectld), "-c", settings.CONFIG, "-d"], cwd=place.directory, stdin=there,
                             stdout=there, stderr=there, env=place.environment, preexec_fn=take_terminal, check=False,
                             timeout=DEADLINE_SECONDS, **place.popen)
    os.close(there)
    os.close(here)  # the terminal hangs up
    assert command.returncode == 0
    pid = int(settings.base_client.ask(str(place.directory / "fectld.sock"), "Pid")[1])
    assert _terminal(pid) == 0
    settings.Daemon(place, pid).wait_running("web")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(pid), "the daemon ends")


def test_then_the_directory_is_changed(place: Place) -> None:
    folder = settings.folder(place, "home")
    files = {"sock": "../fectld.sock", "pid": "my.pid", "stdout": "my.out", "stderr": "my.err"}
    master = section("[master]", directory="home", **files)
    with settings.daemon(place, master + service(place, stdout="web.out")) as daemon:
        settings.check_link(daemon.pid, "cwd", str(folder))
        assert settings.report(folder)["directory"] == str(folder)
        assert (folder / "my.pid").read_text(encoding="utf-8") == f"{daemon.pid}\n"
        daemon.wait_running("web")
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["found-web-0", "my.err", "my.out", "my.pid", "web.out"]
    assert not (folder / "my.pid").exists()
    assert "serves" in (folder / "my.err").read_text(encoding="utf-8")


def test_SILENT_D_what_nobody_will_see_is_said_at_the_start(place: Place) -> None:
    said = {}
    for name, config in {"nothing": "", "log": section("[logging]", service="file", name="my.log"),
                         "all": section("[master]", stderr="my.err")}.items():
        done = settings.run(place, config + service(place), "-d")
        said[name] = done.stderr
        pid = int(settings.base_client.ask(str(place.directory / "fectld.sock"), "Pid")[1])
        settings.Daemon(place, pid).wait_running("web")
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda pid=pid: not alive(pid), "the daemon ends")
    assert said["nothing"].startswith("fectld: warning: the log is thrown away")
    assert said["log"] == said["all"] == ""


def test_without_a_directory_it_stays_where_it_is(place: Place) -> None:
    with settings.daemon(place, service(place)) as daemon:
        settings.check_link(daemon.pid, "cwd", str(place.directory))
        assert settings.report(place.directory)["directory"] == str(place.directory)


def test_a_failure_comes_back_with_its_reason(place: Place) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    config = section("[master]", pid="fectld.pid") + section("[[socket]]", name="http", port=port, host="127.0.0.1")
    done = settings.run(place, config + service(place), "-d")
    taken.close()
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"fectld: socket http: cannot listen on 127.0.0.1:{port}: Address already in use by ")
    wait_until(lambda: not descendants(), "nothing was left running")
    assert not settings.reports(place.directory)
    assert not settings.made(place)


def test_a_failure_after_the_sockets_comes_back_too(place_of_nobody: Place) -> None:
    place = place_of_nobody
    # Somebody else than this user and root, so that the configuration can be read but not fulfilled.
    config = section("[master]", uid=NOBODY - 1, gid=NOBODY - 1, sock="fectld.sock") + service(place)
    done = settings.run(place, config, "-d")
    assert done.returncode == 1
    assert "Operation not permitted" in done.stderr
    assert not (place.directory / "fectld.sock").exists() and not settings.reports(place.directory)


def test_an_output_file_that_cannot_be_written_comes_back(place: Place) -> None:
    (place.directory / "folder").mkdir()
    done = settings.run(place, section("[master]", stderr="folder") + service(place), "-d")
    assert (done.returncode, done.stderr) == (1, "fectld: cannot write to folder: it is a directory\n")


def test_a_bad_configuration_comes_back_with_exit_2(place: Place) -> None:
    done = settings.run(place, section("[[service]]", name="web"), "-d")
    assert done.returncode == 2 and f"{settings.CONFIG}:" in done.stderr
    assert not (place.directory / "fectld.sock").exists()


def test_a_second_daemon_is_refused_and_the_first_goes_on(place: Place) -> None:
    with settings.daemon(place, service(place)) as daemon:
        daemon.wait_running("web")
        done = settings.run(place, None, "-c", settings.CONFIG, "-d")
        assert done.returncode == 1
        assert done.stderr == f"fectld: another fectld (pid {daemon.pid}) already serves fectld.sock\n"
        assert len(settings.reports(place.directory)) == 1 and alive(daemon.pid)


def test_the_command_line_client_finds_the_daemon(place: Place) -> None:
    with settings.daemon(place, service(place)) as daemon:
        daemon.wait_running("web")
        assert place.fectl("pid").stdout.strip() == str(daemon.pid)
        assert place.fectl("quit").returncode == 0
        wait_until(lambda: not alive(daemon.pid), "the daemon ends")
