"""The [[socket]] section, key by key, in the real program."""

import json
import os
import pathlib
import signal
import socket
import stat
from typing import Any

import pytest

from testdata.e2e import settings
from testdata.e2e.harness import NOBODY, Master, Place
from testdata.e2e.http_requests import free_port, http_get
from testdata.e2e.settings import needs_root, section, service


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


def _socket(**values: Any) -> str:
    return section("[[socket]]", **{"name": "http", **values})


def _serve(place: Place, config: str) -> Master:
    """The guest that answers HTTP requests with its pid, on these sockets."""
    master = settings.start(place, config + service(place, command=settings.guest(place, "steady")))
    master.wait_running("web")
    return master


def _shown(master: Master, name: str = "http") -> str:
    """The socket's address, as the status shows it."""
    sockets = {entry["name"]: entry["address"] for entry in settings.inspect(master, "web")["sockets"]}
    return sockets[name]


def _refused(place: Place, config: str) -> str:
    """What is said by a master that does not start because of its sockets; it must have started nothing."""
    done = settings.run(place, config + service(place))
    assert (done.returncode, done.stdout) == (1, "")
    assert not settings.reports(place.directory)
    assert not (place.directory / "fectld.sock").exists()
    return done.stderr


def _connects(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(60)
        try:
            client.connect(address)
            return True
        except ConnectionRefusedError:
            return False


# --- tcp ---


def test_tcp4_is_the_default_and_no_host_means_all_addresses(place: Place) -> None:
    port = free_port()
    master = _serve(place, _socket(port=port))
    assert _shown(master) == f"0.0.0.0:{port}"
    assert http_get(port).split()[0] == str(master.pids("web")[0])
    assert _connects(socket.AF_INET, ("127.0.0.2", port))
    if _has_ipv6():
        assert not _connects(socket.AF_INET6, ("::1", port))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_host_by_address_and_by_name(place: Place, host: str) -> None:
    try:
        socket.gethostbyname(host)
    except OSError:
        # As in a minimal system without /etc/hosts.
        pytest.skip(f"{host} has no address here")
    port = free_port()
    master = _serve(place, _socket(port=port, host=host, proto="tcp4"))
    assert _shown(master) == f"127.0.0.1:{port}"
    assert http_get(port) and not _connects(socket.AF_INET, ("127.0.0.2", port))


@needs_ipv6
@pytest.mark.parametrize("values", [{}, {"host": "::"}])
def test_tcp6_on_all_addresses_takes_no_ipv4(place: Place, values: dict[str, str]) -> None:
    port = free_port()
    master = settings.start(place, _socket(port=port, proto="tcp6", **values) + service(place))
    master.wait_running("web")
    assert _shown(master) == f"[::]:{port}"
    found = settings.report(place.directory)
    assert found["sockets"]["http"]["family"] == socket.AF_INET6 and found["sockets"]["http"]["v6only"] == 1
    assert found["environment"]["FECTL_FD_http"] == "5,FAMILY:10,SOCKETTYPE:1,PROTO:6"
    assert _connects(socket.AF_INET6, ("::1", port)) and not _connects(socket.AF_INET, ("127.0.0.1", port))


@needs_ipv6
def test_tcp6_on_one_address(place: Place) -> None:
    port = free_port()
    assert _shown(_serve(place, _socket(port=port, proto="tcp6", host="::1"))) == f"[::1]:{port}"
    assert _connects(socket.AF_INET6, ("::1", port))


@needs_ipv6
def test_both_families_on_one_port(place: Place) -> None:
    port = free_port()
    master = _serve(place, _socket(port=port, proto="tcp6") + _socket(name="four", port=port, proto="tcp4"))
    assert (_shown(master), _shown(master, "four")) == (f"[::]:{port}", f"0.0.0.0:{port}")
    assert _connects(socket.AF_INET6, ("::1", port)) and http_get(port)


def test_port_0_is_chosen_by_the_system_and_shown(place: Place) -> None:
    master = _serve(place, _socket(port=0, host="127.0.0.1"))
    host, _, port = _shown(master).rpartition(":")
    assert host == "127.0.0.1" and int(port) > 0
    assert http_get(int(port)).split()[0] == str(master.pids("web")[0])
    assert f"127.0.0.1:{port}" in master.fectl_ok("status", "web")
    assert f"socket http listens on 127.0.0.1:{port}" in master.log()


def test_a_host_name_that_nobody_knows(place: Place) -> None:
    said = _refused(place, _socket(port=0, host="no-such-host.invalid"))
    assert said.startswith("fectld: socket http: cannot listen on no-such-host.invalid:0: ")


def test_an_address_that_is_not_this_machines(place: Place) -> None:
    said = _refused(place, _socket(port=0, host="192.0.2.1"))
    assert said == "fectld: socket http: cannot listen on 192.0.2.1:0: Cannot assign requested address (no " \
        "interface of this machine has it)\n"


def test_an_address_in_use_starts_nothing(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # The one before it was bound already, and is given back.
        config = _socket(name="path", proto="unix", path="first.sock") + _socket(port=port)
        said = _refused(place, config)
    assert said.startswith(f"fectld: socket http: cannot listen on 0.0.0.0:{port}: Address already in use by ")
    assert not (place.directory / "first.sock").exists()


def test_two_sockets_on_one_address_are_told_before_anything_starts(place: Place) -> None:
    config = _socket(port=8080) + _socket(name="again", port=8080, host="127.0.0.1")
    done = settings.run(place, config + service(place))
    assert done.returncode == 2
    assert done.stderr == f"{settings.CONFIG}:7: socket.again.port: 8080 is already taken by socket.http (line 3) " \
                          "on all addresses\n"


def test_an_address_is_bound_once_for_all_services(place: Place) -> None:
    config = _socket(port=free_port()) + service(place, num=2) + service(place, name="api")
    master = settings.start(place, config)
    master.wait_running("web", 2)
    master.wait_running("api")
    found = [settings.report(place.directory, *who)["sockets"]["http"]["inode"]
             for who in (("web", 0), ("web", 1), ("api", 0))]
    assert len(set(found)) == 1


def test_connections_wait_while_no_worker_runs(place: Place) -> None:
    port = free_port()
    master = _serve(place, _socket(port=port))
    assert master.fectl("stop", "web").returncode == 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as early:
        assert master.fectl("start", "web").returncode == 0
        early.sendall(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert early.recv(4096).startswith(b"HTTP/1.1 200 ")


# --- backlog ---


def _queue_max() -> int:
    return int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii"))


@pytest.mark.parametrize("values,expected", [({}, 256), ({"backlog": 64}, 64), ({"backlog": 1}, 1),
                                             ({"backlog": 2048}, 2048)])
def test_backlog(place: Place, values: dict[str, int], expected: int) -> None:
    settings.start(place, _socket(port=0, **values) + service(place))
    found = settings.report(place.directory)["sockets"]["http"]
    assert found["backlog"] == min(expected, _queue_max())


def test_a_full_queue_takes_nobody_any_more(place: Place) -> None:
    port = free_port()
    settings.start(place, _socket(port=port, host="127.0.0.1", backlog=1) + service(place)).wait_running("web")
    # The worker accepts nothing. The kernel takes one more than it is told.
    waiting = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(2)]
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.5)
    for client in waiting:
        client.close()


@pytest.mark.parametrize("backlog", [0, -1, 65536])
def test_backlog_is_a_positive_integer(place: Place, backlog: int) -> None:
    done = settings.run(place, _socket(port=0, backlog=backlog) + service(place))
    assert done.returncode == 2
    assert done.stderr == (f"{settings.CONFIG}:4: socket.http.backlog: must be an integer from 1 to 65535, "
                           f"not {backlog}\n")


# --- unix ---


@pytest.mark.parametrize("key", ["path", "host"])
def test_unix(place: Place, key: str) -> None:
    path = place.directory / "web.sock"
    master = settings.start(place, _socket(proto="unix", **{key: str(path)}) + service(place))
    master.wait_running("web")
    assert _shown(master) == str(path)
    found = settings.report(place.directory)
    assert found["environment"]["FECTL_FD_http"] == "5,FAMILY:1,SOCKETTYPE:1,PROTO:0"
    assert found["sockets"]["http"]["address"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    assert _connects(socket.AF_UNIX, str(path))
    master.signal(signal.SIGTERM)
    assert master.wait_exit() == 0 and not path.exists()


@pytest.mark.parametrize("mode", ["600", "0o660", "777"])
def test_mode(place: Place, mode: str) -> None:
    settings.start(place, _socket(proto="unix", path="web.sock", mode=mode) + service(place))
    found = (place.directory / "web.sock").stat()
    assert stat.S_IMODE(found.st_mode) == int(mode.removeprefix("0o"), 8)
    assert (found.st_uid, found.st_gid) == settings.user_and_group()


def test_mode_as_an_octal_number(place: Place) -> None:
    config = '[[socket]]\nname = "http"\nproto = "unix"\npath = "web.sock"\nmode = 0o640\n\n'
    settings.start(place, config + service(place))
    assert stat.S_IMODE((place.directory / "web.sock").stat().st_mode) == 0o640


@needs_root
@pytest.mark.parametrize("owner,group", [(NOBODY, NOBODY), ("nobody", "nogroup")])
def test_owner_and_group(place: Place, owner: Any, group: Any) -> None:
    settings.start(place, _socket(proto="unix", path="both", owner=owner, group=group, mode="660") +
                   _socket(name="one", proto="unix", path="one", owner=owner) +
                   _socket(name="two", proto="unix", path="two", group=group) + service(place))
    found = {name: (place.directory / name).stat() for name in ("both", "one", "two")}
    assert stat.S_IMODE(found["both"].st_mode) == 0o660
    assert [(file.st_uid, file.st_gid) for file in found.values()] == [(NOBODY, NOBODY), (NOBODY, 0), (0, NOBODY)]


def test_an_owner_that_cannot_be_given(place_of_nobody: Place) -> None:
    place = place_of_nobody
    config = _socket(proto="unix", path="web.sock", owner=0)
    assert _refused(place, config) == ("fectld: socket http: cannot set the owner of web.sock: "
                                       "Operation not permitted\n")
    assert not (place.directory / "web.sock").exists()


def test_a_stale_unix_socket_is_replaced(place: Place) -> None:
    path = place.directory / "web.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(str(path))
        settings.given(path)
    before = path.stat().st_ino
    settings.start(place, _socket(proto="unix", path="web.sock") + service(place)).wait_running("web")
    assert path.stat().st_ino != before or _connects(socket.AF_UNIX, str(path))
    assert _connects(socket.AF_UNIX, str(path))


def test_a_live_unix_socket_is_refused(place: Place) -> None:
    path = place.directory / "web.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(str(path))
        settings.given(path)
        old.listen()
        said = _refused(place, _socket(proto="unix", path="web.sock"))
        assert said == "fectld: socket http: cannot listen on web.sock: another process listens there\n"
        assert _connects(socket.AF_UNIX, str(path)), "it was disturbed"


@pytest.mark.parametrize("kind,words", [("file", "a file that is not a socket is in the way"),
                                        ("link", "a symbolic link is in the way")])
def test_what_is_no_socket_is_left_alone(place: Place, kind: str, words: str) -> None:
    place.write("precious", "do not lose this")
    path = place.directory / "web.sock"
    if kind == "file":
        (place.directory / "precious").rename(path)
    else:
        path.symlink_to("precious")
    said = _refused(place, _socket(proto="unix", path="web.sock"))
    assert said == f"fectld: socket http: cannot listen on web.sock: {words}\n"
    assert path.read_text(encoding="utf-8") == "do not lose this"


def test_unix_needs_no_port_and_tcp_does(place: Place) -> None:
    done = settings.run(place, _socket() + _socket(name="local", proto="unix") + service(place))
    assert done.returncode == 2
    assert f"{settings.CONFIG}:1: socket.http.port: is required" in done.stderr
    assert "socket.local.port" not in done.stderr and "socket.local.path: is required" in done.stderr


# --- name, service, app, arguments ---


def test_visibility_is_descriptor_and_variables(place: Place) -> None:
    extra = {"app": "aiohttp", "arguments": ["app=a:b"]}
    config = _socket(name="mine", port=0, service=["web"], **extra)
    config += _socket(name="theirs", port=0, service=["api", "more"], **extra)
    config += _socket(name="all", proto="unix", path="all.sock")
    config += service(place) + service(place, name="api") + service(place, name="more") + service(place, name="none")
    master = settings.start(place, config)
    seen = {}
    for name in ("web", "api", "more", "none"):
        master.wait_running(name)
        found = settings.report(place.directory, name)
        seen[name] = sorted(found["sockets"])
        variables = sorted(variable for variable in found["environment"]
                           if variable.startswith(("FECTL_FD_", "FECTL_APP_", "FECTL_ARGS_")))
        own = [socket_name for socket_name in seen[name] if socket_name != "all"]
        expected = [f"FECTL_{kind}_{one}" for kind in ("APP", "ARGS", "FD") for one in own] + ["FECTL_FD_all"]
        assert variables == sorted(expected)
        # 0 to 4, and one for each socket: there is no descriptor without a variable.
        assert found["descriptors"] == list(range(5 + len(seen[name])))
        assert sorted(entry["fd"] for entry in found["sockets"].values()) == list(range(5, 5 + len(seen[name])))
        assert {entry["name"] for entry in settings.inspect(master, name)["sockets"]} == set(seen[name])
    assert seen == {"web": ["all", "mine"], "api": ["all", "theirs"], "more": ["all", "theirs"], "none": ["all"]}


def test_app_and_arguments_as_they_stand(place: Place) -> None:
    app, arguments = "shop.web:make_app", ["app=shop:make", "with space", 'with "quotes"', "ünïcode", ""]
    settings.start(place, _socket(port=0, app=app, arguments=arguments) + service(place))
    environment = settings.report(place.directory)["environment"]
    assert environment["FECTL_APP_http"] == app
    assert json.loads(environment["FECTL_ARGS_http"]) == arguments


def test_without_app_and_arguments_there_are_no_variables(place: Place) -> None:
    settings.start(place, _socket(port=0, arguments=[]) + service(place))
    environment = settings.report(place.directory)["environment"]
    assert "FECTL_FD_http" in environment
    assert not [name for name in environment if name.startswith(("FECTL_APP_", "FECTL_ARGS_"))]


def test_a_name_is_required_and_the_variables_are_named_by_it(place: Place) -> None:
    done = settings.run(place, section("[[socket]]", port=0) + service(place))
    assert done.returncode == 2 and f"{settings.CONFIG}:1: socket[1].name: is required" in done.stderr
    settings.start(place, _socket(name="web.site-1_x", port=0) + service(place))
    assert "FECTL_FD_web.site-1_x" in settings.report(place.directory)["environment"]


def test_a_service_list_names_services_that_exist(place: Place) -> None:
    done = settings.run(place, _socket(port=0, service=["wep"]) + service(place))
    assert done.returncode == 2
    assert done.stderr == f'{settings.CONFIG}:4: socket.http.service: there is no service "wep", did you mean "web"?\n'
