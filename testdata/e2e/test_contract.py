"""What a worker finds at its start is exactly the contract: descriptors, environment, session, signals, directory."""

import json
import os
import pathlib
import signal
from typing import Any

import pytest

from testdata.e2e.harness import NOBODY, Place, tcp, unix
from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import wait_until


_READ_ONLY, _WRITE_ONLY = os.O_RDONLY, os.O_WRONLY


def _report(folder: pathlib.Path, index: int = 0) -> dict[str, Any]:
    file = folder / f"contract-{index}.json"
    wait_until(file.exists, f"{file} is written")
    return json.loads(file.read_text(encoding="utf-8"))


def _contract(found: Place, config: str = "", *, service: Any = None, **options: Any) -> dict[str, Any]:
    """The report of the one worker of a service `web`."""
    found.start(found.service("web", found.guest("reports_contract"), **(service or {})) + config, **options)
    return _report(found.directory)


def test_open_descriptors_are_the_contract_and_nothing_else(place: Place) -> None:
    extra = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    try:
        first, second = free_port(), free_port()
        path = str(place.directory / "web.sock")
        config = tcp("http", first) + tcp("other", second, service=["not-web"]) + unix("local", path)
        config += place.service("not-web", place.guest("steady"))
        report = _contract(place, config, pass_fds=extra)
    finally:
        for fd in extra:
            os.close(fd)
    found = report["descriptors"]
    assert sorted(found, key=int) == ["0", "1", "2", "3", "4", "5", "6"]
    assert found["0"]["target"] == "/dev/null"
    # One pipe to the logger for both, so that lines stand in the order in which they were written.
    assert found["1"]["target"] == found["2"]["target"] and found["1"]["target"].startswith("pipe:")
    assert found["1"]["flags"] & os.O_ACCMODE == _WRITE_ONLY
    for fd, direction in (("3", _READ_ONLY), ("4", _WRITE_ONLY)):
        assert found[fd]["target"].startswith("pipe:")
        assert found[fd]["flags"] & os.O_ACCMODE == direction
    assert found["3"]["target"] != found["4"]["target"]
    for fd in ("5", "6"):
        assert found[fd]["target"].startswith("socket:") and found[fd]["listening"] == 1


def test_two_workers_share_the_listener_and_nothing_else(place: Place) -> None:
    place.start(tcp("http", free_port()) + place.service("web", place.guest("reports_contract"), num=2))
    one, two = (_report(place.directory, index)["descriptors"] for index in (0, 1))
    assert one["5"]["target"] == two["5"]["target"]
    assert len({entry[fd]["target"] for entry in (one, two) for fd in ("3", "4")}) == 4


def test_environment_is_exactly_the_contract(place: Place) -> None:
    given = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "USER": "tester", "LOGNAME": "tester", "SHELL": "/bin/sh",
             "LANG": "C.UTF-8", "LC_TIME": "C", "TZ": "UTC", "TMPDIR": "/tmp"}
    not_passed_on = {"SECRET": "hush", "FECTL_FD": "8:9", "FECTL_FD_ghost": "7", "FECTL_SOCK": "x",
                     "LD_LIBRARY_PATH": "/x", "IFS": "x", "PYTHONPATH": "/x"}
    port = free_port()
    config = tcp("http", port, app="aiohttp", arguments=['app=a:b', 'a "quoted" one']) + tcp("plain", free_port())
    config += unix("local", str(place.directory / "web.sock"))
    report = _contract(place, config, environment={**place.environment, **given, **not_passed_on},
                       service={"environ": ["ONE=1", "TWO=a=b", "EMPTY="], "timeout": 11, "shutdown_timeout": 7})
    found = report["environment"]
    sockets = {name: found.pop(f"FECTL_FD_{name}") for name in ("http", "plain", "local")}
    assert sorted(value.split(",")[0] for value in sockets.values()) == ["5", "6", "7"]
    assert sockets["http"].split(",", 1)[1] == sockets["plain"].split(",", 1)[1] == "FAMILY:2,SOCKETTYPE:1,PROTO:6"
    assert sockets["local"].split(",", 1)[1] == "FAMILY:1,SOCKETTYPE:1,PROTO:0"
    assert json.loads(found.pop("FECTL_ARGS_http")) == ["app=a:b", 'a "quoted" one']
    assert found == {**given, "FECTL_FD": "3:4", "FECTL_SRV_NAME": "web", "FECTL_PROC_IDX": "0",
                     "FECTL_PROC_LANE": "0", "FECTL_PROTO": "3",
                     "FECTL_TIMEOUT": "11", "FECTL_SHUTDOWN_TIMEOUT": "7", "FECTL_APP_http": "aiohttp",
                     "FECTL_SOCKETS": "http plain local", "ONE": "1",
                     "TWO": "a=b", "EMPTY": ""}


def test_a_service_sees_only_the_sockets_meant_for_it(place: Place) -> None:
    config = tcp("mine", free_port(), service=["web"]) + tcp("theirs", free_port(), service=["other"], app="x",
                                                             arguments=["y"])
    config += place.service("other", place.guest("steady"))
    found = _contract(place, config)["environment"]
    assert [name for name in found if name.startswith(("FECTL_FD_", "FECTL_APP_", "FECTL_ARGS_"))] == ["FECTL_FD_mine"]


def test_a_worker_leads_a_session_of_its_own(place: Place) -> None:
    report = _contract(place)
    assert report["pid"] == report["session"] == report["group"]
    assert report["parent"] == place.masters[0].pid
    assert place.masters[0].pids("web") == [report["pid"]]


def test_signals_stand_at_their_defaults_whatever_the_master_inherited(place: Place) -> None:
    def spoil() -> None:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGCHLD, signal.SIGRTMIN])

    status = _contract(place, preexec_fn=spoil, restore_signals=False)["status"]
    assert int(status["SigBlk"], 16) == 0
    assert int(status["SigIgn"], 16) == 0


def test_directory_and_arguments(place: Place) -> None:
    folder = place.directory / "with a space"
    folder.mkdir()
    words = "one 'two words' \"three \\\"quoted\\\"\" four\\ joined '' $HOME *"
    place.start(place.service("web", f"{place.guest('reports_contract')} {words}", directory=str(folder)))
    report = _report(folder)
    assert report["directory"] == str(folder)
    assert report["arguments"][1:] == ["one", "two words", 'three "quoted"', "four joined", "", "$HOME", "*"]


def test_command_as_an_array_is_taken_word_for_word(place: Place) -> None:
    place.start(place.service("web", [place.guest("reports_contract"), "a b", "'c'"]))
    assert _report(place.directory)["arguments"][1:] == ["a b", "'c'"]


def test_command_is_looked_up_in_the_path(place: Place) -> None:
    (place.directory / "bin").mkdir()
    place.link("bin/by-name", place.guest("reports_contract"))
    path = f"{place.directory}/bin:/usr/bin:/bin"
    place.start(place.service("web", "by-name"), environment={**place.environment, "PATH": path})
    assert _report(place.directory)["arguments"][0] == "by-name"


def test_command_is_not_looked_up_in_the_current_directory(place: Place) -> None:
    place.link("by-name", place.guest("reports_contract"))
    master = place.start(place.service("web", "by-name", restarts=1))
    master.wait_state("web", "failed")
    assert "cannot execute by-name: No such file or directory" in master.fectl_ok("status", "web")


def test_relative_command_is_taken_from_the_services_directory(place: Place) -> None:
    place.link("local", place.guest("reports_contract"))
    place.start(place.service("web", "./local"))
    _report(place.directory)


def test_nothing_changes_for_an_unprivileged_master(place_of_nobody: Place) -> None:
    config = tcp("http", free_port())
    report = _contract(place_of_nobody, config)
    assert sorted(report["descriptors"], key=int) == ["0", "1", "2", "3", "4", "5"]
    assert report["pid"] == report["session"] == report["group"]
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert report["status"]["Uid"].split() == [str(uid)] * 4


@pytest.mark.skipif(os.geteuid() != 0, reason="switching users needs root")
@pytest.mark.parametrize("user,group", [(NOBODY, NOBODY), ("nobody", "nogroup"), (NOBODY, None)])
def test_configured_user_and_group(place: Place, user: Any, group: Any) -> None:
    place.directory.chmod(0o777)
    values = {"uid": user} | ({} if group is None else {"gid": group})
    # The build's folders may be closed to that user.
    program = place.directory / "program"
    program.write_bytes(pathlib.Path(place.guest("reports_contract")).read_bytes())
    program.chmod(0o755)
    place.start(place.service("web", str(program), **values))
    report = _report(place.directory)
    assert report["status"]["Uid"].split() == [str(NOBODY)] * 4
    assert report["status"]["Gid"].split() == [str(NOBODY)] * 4
    assert report["status"]["Groups"].split() in ([], [str(NOBODY)])
    found = {name: report["environment"].get(name) for name in ("HOME", "USER", "LOGNAME")}
    assert found == {"HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody"}


def test_an_unprivileged_master_cannot_switch_and_says_so(place_of_nobody: Place) -> None:
    master = place_of_nobody.start(place_of_nobody.service("web", place_of_nobody.guest("reports_contract"), uid=0,
                                                           gid=0, restarts=1))
    master.wait_state("web", "failed")
    assert "Operation not permitted" in master.fectl_ok("status", "web")
    assert not (place_of_nobody.directory / "contract-0.json").exists(), "it ran as the wrong user"
