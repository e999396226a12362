"""Sockets that systemd opens and passes by name: `from = "systemd"`."""

import contextlib
import os
import pathlib
import socket
import sys
from typing import Any, Iterator

from testdata.e2e import settings
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until
from testdata.e2e.settings import section, service

# Does what systemd does: passes descriptors from 3 on, and says so in the environment of the process that it becomes.
_PASS = """
import os, sys
numbers = [int(word) for word in sys.argv[1].split(",") if word]
high = [os.dup2(fd, 100 + i, inheritable=False) for i, fd in enumerate(numbers)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


@contextlib.contextmanager
def listening(*sockets: socket.socket) -> Iterator[list[socket.socket]]:
    try:
        yield list(sockets)
    finally:
        for one in sockets:
            one.close()


def tcp4(address: tuple[str, int] = ("127.0.0.1", 0), queue: int = 7) -> socket.socket:
    return socket.create_server(address, backlog=queue)


def passing(**sockets: socket.socket) -> dict[str, Any]:
    """For settings.run() and settings.daemon(): a master that is passed these."""
    numbers = [one.fileno() for one in sockets.values()]
    program = [sys.executable, "-c", _PASS, ",".join(map(str, numbers)), ":".join(sockets)]
    return {"program": program, "pass_fds": numbers}


def _socket(name: str = "http", **values: Any) -> str:
    return section("[[socket]]", name=name, **{"from": "systemd"}, **values)


def start(place: Place, config: str, **sockets: socket.socket) -> Master:
    options = passing(**sockets)
    place.wrapper = options.pop("program")
    return settings.start(place, config, **options)


def test_workers_get_what_systemd_has_passed(place: Place) -> None:
    path = str(place.directory / "local.sock")
    local = socket.socket(socket.AF_UNIX)
    local.bind(path)
    local.listen(3)
    with listening(tcp4(), local) as (http, _):
        port = http.getsockname()[1]
        config = (_socket(host="127.0.0.1", port=port) + _socket("local", proto="unix", path=path) +
                  service(place, environ=["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]))
        master = start(place, config, local=local, http=http)
        master.wait_running("web")
        found = settings.report(place.directory)
        assert found["sockets"]["http"]["address"] == ["127.0.0.1", port]
        assert found["sockets"]["http"]["inode"] == os.fstat(http.fileno()).st_ino
        assert found["sockets"]["http"]["backlog"] == 7, "the queue is as long as the unit says"
        assert found["sockets"]["local"]["address"] == path
        assert not [name for name in found["environment"] if name.startswith("LISTEN_")]
        assert found["descriptors"] == [0, 1, 2, 3, 4, 5, 6]
        assert f"127.0.0.1:{port}" in master.fectl_ok("status") and path in master.fectl_ok("status", "web")
        master.signal(15)
        assert master.wait_exit() == 0
        assert pathlib.Path(path).exists(), "the file is systemd's"
        # Connections wait for the next fectld.
        with socket.create_connection(("127.0.0.1", port)), socket.socket(socket.AF_UNIX) as client:
            client.connect(path)


def test_nothing_of_it_has_to_be_said(place: Place) -> None:
    with listening(socket.create_server(("::1", 0), family=socket.AF_INET6)) as (http,):
        start(place, _socket() + service(place), http=http).wait_running("web")
        found = settings.report(place.directory)["sockets"]["http"]
        assert found["family"] == socket.AF_INET6 and found["address"][:2] == list(http.getsockname()[:2])


def test_what_is_said_has_to_be_true(place: Place) -> None:
    with listening(tcp4()) as (http,):
        port = http.getsockname()[1]
        other = 1 + port % 60000
        for values, said in (({"port": other}, f"tcp4 *:{other}"), ({"proto": "tcp6"}, "tcp6"),
                             ({"host": "127.0.0.9"}, "tcp4 127.0.0.9:*"), ({"proto": "unix"}, "unix")):
            done = settings.run(place, _socket(**values) + service(place), **passing(http=http))
            assert done.returncode == 1
            assert (f'fectld: socket http: the socket named "http" that systemd has passed is tcp4 127.0.0.1:{port}, '
                    f"not {said}\n") in done.stderr, done.stderr


def test_one_that_is_missing_is_one_clear_error(place: Place) -> None:
    done = settings.run(place, _socket() + service(place))
    assert done.returncode == 1
    assert done.stderr == ('fectld: socket http: systemd has passed no socket named "http", and no other (is fectld '
                           "started by a .socket unit?)\n")
    with listening(tcp4()) as (web,):
        done = settings.run(place, _socket() + service(place), **passing(web=web))
        assert done.returncode == 1
        assert done.stderr == ('fectld: socket http: systemd has passed no socket named "http", only "web" '
                               "(FileDescriptorName= of the .socket unit is the name)\n")


def test_one_that_is_missing_keeps_no_other_service_from_serving(place: Place) -> None:
    config = (_socket(service=["web"]) + service(place) + service(place, name="other"))
    master = settings.start(place, config)
    master.wait_running("other")
    wait_until(lambda: master.state("web") == "failed", "the service without its socket has failed")
    why = " ".join(master.fectl("why", "web").stdout.split())
    assert 'systemd has passed no socket named "http"' in why


def test_a_daemon_keeps_what_it_was_passed(place: Place) -> None:
    with listening(tcp4()) as (http,):
        with settings.daemon(place, _socket() + service(place), **passing(http=http)) as daemon:
            daemon.wait_running("web")
            found = settings.report(place.directory)["sockets"]["http"]
            assert found["address"] == list(http.getsockname())


def test_an_application_takes_it_or_gives_it_back(place: Place) -> None:
    with listening(tcp4()) as (http,):
        plain = service(place)
        master = start(place, plain, http=http)
        master.wait_running("web")
        for _ in range(2):
            place.write(settings.CONFIG, _socket() + plain)
            assert "add" in master.fectl("plan").stdout
            master.fectl_ok("apply", "--wait")
            assert f"127.0.0.1:{http.getsockname()[1]}" in master.fectl_ok("status")
            place.write(settings.CONFIG, plain)
            master.fectl_ok("apply", "--wait")
            assert "127.0.0.1" not in master.fectl_ok("status")
            # It goes on listening: the next start, or the next application, serves who waits.
            with socket.create_connection(http.getsockname()):
                pass
