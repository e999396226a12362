"""What a worker keeps of its master's rights and surroundings: K36 of testdata/attack_table.md, and rows of
testdata/met_table.md."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
from typing import Any, Iterator

import pytest

from testdata.attacks import strange
from testdata.attacks.hostile import ALICE, BOB, MALLORY, as_user, found, hostile, needs_root, open_to_all
from testdata.e2e.harness import Master, Place, tcp
from testdata.e2e.http_requests import free_port

_MANUAL = pathlib.Path("master/fectld.8")
_TO_SWITCH = (strange.CAP_SETUID, strange.CAP_SETGID, strange.CAP_KILL)


def _open_wide(place: Place) -> None:
    """Every user writes in the test's directory, and reaches the programs in it."""
    place.directory.chmod(0o777)
    place.fectld = pathlib.Path(shutil.copy(place.fectld, place.directory / "fectld"))
    place.fectld.chmod(0o755)


def _ordinary(place: Place, config: str, capabilities: tuple[int, ...]) -> Master:
    """A master of ALICE, with these capabilities as a service manager gives them (AmbientCapabilities=)."""
    return place.start(config, preexec_fn=lambda: strange.become_ordinary_with(ALICE, capabilities))


@pytest.fixture(name="wide")
def _wide(place: Place) -> Iterator[Place]:
    _open_wide(place)
    yield place


# --- K36: capabilities of a master that is not root ---

_REGAINS = """
found = {}
for name, call in {"setuid": lambda: os.setuid(0), "setresuid": lambda: os.setresuid(0, 0, 0),
                   "setgid": lambda: os.setgid(0), "setgroups": lambda: os.setgroups([0])}.items():
    try:
        call()
        found[name] = "worked"
    except OSError as error:
        found[name] = error.errno
status = dict(line.rstrip("\\n").split(":\\t", 1) for line in open("/proc/self/status"))
found["uid"] = os.getresuid()
found["sets"] = [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
import subprocess
inner = 'print([line for line in open("/proc/self/status") if line.startswith("CapEff")][0].split()[1])'
found["executed"] = int(subprocess.run(["/usr/bin/python3", "-c", inner], capture_output=True, text=True).stdout, 16)
"""
_REFUSED = {"setuid": 1, "setresuid": 1, "setgid": 1, "setgroups": 1}


@needs_root
@pytest.mark.parametrize("user", [BOB, ALICE, None], ids=["another", "the-same", "none"])
@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_K36_AWorkerKeepsNoCapabilityOfItsMaster(wide: Place, user: Any, no_new_privileges: bool) -> None:
    values = {} if user is None else {"uid": user, "gid": user}
    config = hostile(wide, _REGAINS, no_new_privileges=no_new_privileges, **values)
    master = _ordinary(wide, config, _TO_SWITCH)
    seen = found(wide)
    assert seen == {**_REFUSED, "uid": [user or ALICE] * 3, "sets": [0] * 4, "executed": 0}
    assert "cannot switch" not in master.log()
    # It signals whom it has started, by CAP_KILL.
    assert master.ask("Stop", "web") == ("ServiceStopped", None)


@needs_root
@pytest.mark.parametrize("ambient", [True, False], ids=["ordinary-master", "root-master"])
def test_K36_AWorkerKeepsTheCapabilitiesThatTheConfigurationNames(wide: Place, ambient: bool) -> None:
    config = hostile(wide, _REGAINS, uid=BOB, gid=BOB, capabilities=["CAP_NET_BIND_SERVICE"])
    if ambient:
        _ordinary(wide, config, (*_TO_SWITCH, strange.CAP_NET_BIND_SERVICE))
    else:
        wide.start(config)
    bind = 1 << strange.CAP_NET_BIND_SERVICE
    assert found(wide) == {**_REFUSED, "uid": [BOB] * 3, "sets": [bind] * 4, "executed": bind}


@needs_root
def test_K36_ASwitchOfTheMasterItselfKeepsNoCapability(wide: Place) -> None:
    config = hostile(wide, _REGAINS)
    wide.write("mine.toml", f'[master]\nsock = "fectld.sock"\npid = "fectld.pid"\nuid = {BOB}\ngid = {BOB}\n' + config)
    os.chown(wide.directory / "mine.toml", ALICE, ALICE)
    master = wide.launch("", arguments=["-c", "mine.toml"],
                         preexec_fn=lambda: strange.become_ordinary_with(ALICE, (*_TO_SWITCH, strange.CAP_CHOWN)))
    master.wait_until_up()
    assert found(wide) == {**_REFUSED, "uid": [BOB] * 3, "sets": [0] * 4, "executed": 0}
    status = pathlib.Path(f"/proc/{master.pid}/status").read_text(encoding="ascii")
    assert set(re.findall(r"Cap(?:Inh|Prm|Eff|Amb):\s*(\w+)", status)) == {"0" * 16}


def _check(place: Place, file: str, *, capabilities: tuple[int, ...] = ()) -> str:
    done = subprocess.run([str(place.fectld), "--check", "-c", file], capture_output=True, text=True, check=False,
                          cwd=place.directory,
                          preexec_fn=lambda: strange.become_ordinary_with(ALICE, capabilities))  # noqa: PLW1509
    assert done.returncode == 0, done.stderr
    return done.stderr


@needs_root
def test_AMBIENT_the_check_knows_who_can_switch(wide: Place) -> None:
    wide.write("mine.toml", hostile(wide, "pass", uid=BOB, gid=BOB, capabilities=["cap_net_bind_service"]))
    assert _check(wide, "mine.toml", capabilities=(*_TO_SWITCH, strange.CAP_NET_BIND_SERVICE)) == ""
    said = _check(wide, "mine.toml", capabilities=_TO_SWITCH[:2])
    assert f"fectld, running as user {ALICE}, can start these workers, but neither stop nor kill them" in said
    assert "has not CAP_NET_BIND_SERVICE: its workers cannot have it, and will not start" in said
    said = _check(wide, "mine.toml", capabilities=_TO_SWITCH[1:])
    assert "cannot switch to another user or group: it needs to be root, or to have CAP_SETUID" in said


# --- everything else that a process hands on ---


def _documented(place: Place) -> tuple[set[str], set[str]]:
    """What fectld(8) lists as set anew, and as inherited."""
    del place
    text = _MANUAL.read_text(encoding="utf-8")
    section = text.split(".Ss Rights and surroundings of a worker\n")[1].split("\n.Ss ")[0].split("\n.Sh ")[0]
    lists = [set(", ".join(re.findall(r"^\.It (.*)$", part, re.M)).split(", ")) for part in section.split(".El\n")[:2]]
    return lists[0], lists[1]


@contextlib.contextmanager
def _terminal() -> Iterator[str]:
    try:
        one, other = os.openpty()
    except OSError as problem:
        pytest.skip(f"there are no terminals here: {problem}")
    try:
        yield os.ttyname(other)
    finally:
        os.close(other)
        os.close(one)


def _of(pid: int, name: str) -> str:
    return pathlib.Path(f"/proc/{pid}/{name}").read_text(encoding="ascii").rstrip("\n\0")


def _expected(master: Master, port_fds: int, uid: int) -> dict[str, Any]:
    """Of a worker that was switched, under a master that was spoilt."""
    limits = {name: list(values) for name, values in strange.limits_of(master.pid).items()}
    return {
        "user": [str(uid)] * 4, "group": [str(uid)] * 4, "supplementary groups": [str(uid)],
        "capabilities": [0] * 4, "session keyring": "_ses" if strange.CALLS else "unknown", "no_new_privs": "1",
        "descriptors": list(range(5 + port_fds)), "session": True, "process group": True, "terminal": "none",
        "signals": [0] * 4, "timers": [0.0] * 3, "parent death signal": 0, "subreaper": 0, "dumpable": 1,
        "directory": str(master.directory), "umask": 0o22, "limit of open files": [256, 512],
        # Inherited.
        "bounding set": int(re.search(r"CapBnd:\s*(\w+)", _of(master.pid, "status"))[1], 16),  # type: ignore[index]
        "securebits": strange.NO_SETUID_FIXUP, "other limits": limits, "oom_score_adj": "123",
        "nice value": min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3),
        "scheduling policy": os.SCHED_BATCH, "CPU affinity": [min(os.sched_getaffinity(0))],
        "I/O priority": 3 << 13 if strange.CALLS else "unknown", "timer slack": 123456,
        "personality": strange.NO_RANDOMIZE, "transparent huge pages": 1, "core dump filter": "00000011",
        "control groups": _of(master.pid, "cgroup"), "root directory": "/", "seccomp filters": "2",
        "namespaces": {name: os.readlink(f"/proc/{master.pid}/ns/{name}") for name in os.listdir("/proc/self/ns")},
    }


@needs_root
@pytest.mark.parametrize("switched", [True, False])
def test_K36_AWorkerHasWhatIsDocumentedAndNothingElseOfItsMaster(wide: Place, switched: bool) -> None:
    anew, inherited = _documented(wide)
    extra = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    values = {"uid": MALLORY, "gid": MALLORY} if switched else {}
    with _terminal() as terminal:
        config = tcp("http", free_port()) + hostile(wide, strange.FINDS, **values)
        master = wide.start(config, preexec_fn=lambda: strange.spoil(terminal), pass_fds=extra,
                            extra_groups=[0, 1, BOB], restore_signals=False)
        seen = found(wide)
    for fd in extra:
        os.close(fd)
    assert isinstance(seen, dict), seen
    assert set(seen) == anew | inherited and not anew & inherited, "the manual has the whole list"
    expected = _expected(master, 1, MALLORY)
    for name in ("memory policy", "security label", "audit login"):  # not on every system
        expected[name] = seen[name]
        if name != "memory policy":
            file = {"security label": "attr/current", "audit login": "loginuid"}[name]
            assert seen[name] is None or seen[name] == _of(master.pid, file)
    assert seen["memory policy"] in (1, "unknown")
    if not switched:
        # A worker that runs as the master's own user, which is root, has what the master has.
        expected |= {"user": ["0"] * 4, "group": ["0"] * 4, "supplementary groups": ["0", "1", str(BOB)],
                     "session keyring": "of-the-master" if strange.CALLS else "unknown",
                     "capabilities": seen["capabilities"]}
        assert seen["capabilities"][1] == seen["bounding set"]
    assert seen == expected


# --- the configuration's side ---


@needs_root
def test_USERNS_root_of_a_user_namespace_is_root_already(wide: Place) -> None:
    wrapper = ["/usr/bin/unshare", "--user", "--map-root-user"]  # and without setgroups()
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    wide.wrapper = wrapper
    # With a group that the namespace does not know, and that cannot be given up in it.
    config = wide.service("web", wide.guest("reports_contract"), uid="root", restarts=1)
    master = wide.start(config, extra_groups=[0, BOB])
    master.wait_running("web")


@needs_root
def test_NO_ENTRY_a_number_without_an_entry_has_nothing_of_root(wide: Place) -> None:
    seen = 'found = {name: os.environ.get(name) for name in ("HOME", "USER", "LOGNAME", "SHELL")}'
    roots = {"HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/zsh"}
    wide.start(hostile(wide, seen, uid=123456, gid=0), environment={**wide.environment, **roots})
    assert found(wide) == {"HOME": "/", "USER": "123456", "LOGNAME": "123456", "SHELL": "/bin/sh"}


def test_PYTHONUNBUFFERED_a_variable_of_the_masters_own_is_passed_on(place: Place) -> None:
    seen = 'found = {name: os.environ.get(name) for name in ("PYTHONUNBUFFERED", "PROXY", "NOT_SET", "OTHER")}'
    config = hostile(place, seen, environ=["PYTHONUNBUFFERED", "NOT_SET", "PROXY"])
    master = place.start(config, environment={**place.environment, "PYTHONUNBUFFERED": "1", "PROXY": "", "OTHER": "x"})
    assert found(place) == {"PYTHONUNBUFFERED": "1", "PROXY": "", "NOT_SET": None, "OTHER": None}
    assert "service.web.environ: NOT_SET is not set here, so workers do not get it either" in master.log()
    assert "PROXY is not set" not in master.log()


def test_BIG_ENV_is_named_by_the_check_and_at_the_start(place: Place) -> None:
    config = hostile(place, "pass", environ=["BIG=" + 150_000 * "x"], restarts=1)
    master = place.start(config)
    master.wait_state("web", "failed")
    words = "BIG takes 150005 bytes, and Linux allows"
    assert re.search(r"fectld.toml:\d+: warning: service.web.environ: " + words, master.log())
    assert "Argument list too long (the variable " + words in master.fectl_ok("status", "web")
    socket = tcp("http", free_port(), arguments=[100_000 * '"'])
    place.write("socket.toml", socket + hostile(place, "pass"))
    done = subprocess.run([str(place.fectld), "--check", "-c", "socket.toml"], cwd=place.directory, text=True,
                          capture_output=True, check=False)
    assert "socket.http.arguments: FECTL_ARGS_http takes 200021 bytes" in done.stderr


def test_DOTTED_a_socket_that_a_shell_drops_is_a_reason(place: Place) -> None:
    if os.path.basename(os.path.realpath("/bin/sh")) != "dash":
        pytest.skip("the shell here is not dash")
    config = tcp("admin-api", free_port()) + place.service("web", ["/bin/sh", "-c", "exec " + place.guest("level_two")])
    master = place.start(config)
    assert re.search(r"warning: socket.admin-api.name: workers of web are started through a shell, dash, which drops "
                     "variables like FECTL_FD_admin-api", master.log())
    master.wait_state("web", "failed")
    words = "environment variable FECTL_FD_admin-api is missing, though FECTL_SOCKETS names that socket"
    assert words in master.fectl_ok("status", "web")


@needs_root
def test_CONFIG_MODE_the_private_group_of_its_user_may_write(place: Place) -> None:
    import grp  # pylint: disable=import-outside-toplevel
    import pwd  # pylint: disable=import-outside-toplevel

    open_to_all(place)
    fectld = pathlib.Path(shutil.copy(place.fectld, place.directory / "fectld"))
    fectld.chmod(0o755)
    file = place.directory / "mine.toml"
    place.write("mine.toml", place.service("web", "/bin/true"))

    def check(uid: int, owner: int, group: int, *wrapper: str, mode: int = 0o664) -> tuple[int, str]:
        os.chown(file, owner, group)
        file.chmod(mode)
        run = lambda: subprocess.run([*wrapper, str(fectld), "--check", "-c", str(file)],  # noqa: E731
                                     capture_output=True, text=True, check=False, cwd="/")
        done = as_user(uid, run, gid=group)
        return done.returncode, done.stderr

    daemon = pwd.getpwnam("daemon")
    if grp.getgrgid(daemon.pw_gid).gr_name != "daemon":
        pytest.skip("the user daemon has no group of its own here")
    code, said = check(daemon.pw_uid, daemon.pw_uid, daemon.pw_gid)
    assert code == 0 and "written" not in said
    for owner, group in ((ALICE, ALICE), (daemon.pw_uid, pwd.getpwnam("games").pw_gid), (0, daemon.pw_gid)):
        code, said = check(daemon.pw_uid if owner != ALICE else ALICE, owner, group)
        assert code == 2 and "can be written by its group (mode 0664)" in said
    code, said = check(daemon.pw_uid, daemon.pw_uid, daemon.pw_gid, mode=0o666)
    assert code == 2 and "can be written by everybody" in said
    # Root trusts no group.
    code, said = check(0, 0, 0)
    assert code == 2 and "can be written by its group" in said


@needs_root
def test_CONFIG_MODE_in_an_image_its_own_group_may_write(place: Place) -> None:
    open_to_all(place)
    fectld = pathlib.Path(shutil.copy(place.fectld, place.directory / "fectld"))
    fectld.chmod(0o755)
    place.write("mine.toml", place.service("web", "/bin/true"), 0o664)
    first = ["/usr/bin/unshare", "--pid", "--fork", "--"]
    if subprocess.run([*first, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("process namespaces are not allowed here")
    command = ["/usr/bin/setpriv", "--reuid", str(ALICE), "--regid", "0", "--clear-groups", str(fectld), "--check",
               "-c", "mine.toml"]
    for wrapper, code in ((first, 0), ([], 2)):
        done = subprocess.run([*wrapper, *command], capture_output=True, text=True, check=False, cwd=place.directory)
        assert done.returncode == code, done.stderr
        assert ("can be written by its group" in done.stderr) == (code == 2)
