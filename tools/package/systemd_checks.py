"""The packages on a machine with a real systemd: the unit's start, reload, restart, watchdog, sockets and end, and
an upgrade.

For `tools/test --all` (as root: a Debian is made, and booted by systemd-nspawn).
"""

import json
import os
import pathlib
import re
import shutil
import tempfile
from typing import Iterator

import pytest

from tools.package.debian import Machine, booted, make_root, needs_of, run

_PORT = 18080
_APPLICATION = """async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": b"hello\\n"})
"""
_SERVICE = """
[[socket]]
name = "http"
host = "127.0.0.1"
port = 18080
app = "asgi"
arguments = ["app=shop:application"]

[[service]]
name = "web"
num = 2
uid = "fectl"
directory = "/srv/shop"
environ = ["PYTHONPATH=/srv/shop", "TURN=0"]
command = "/usr/bin/python3 -m fectl_worker asyncio"
"""
_INSTALL = "apt-get install --yes --no-install-recommends --allow-downgrades"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root boots a root of Debian")


@pytest.fixture(name="machine", scope="module")
def _machine(packages: list[pathlib.Path]) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="fectl-root-") as folder:
        root = pathlib.Path(folder) / "root"
        make_root(root, ["systemd", "systemd-sysv", "dbus", "curl", "python3-uvicorn", *needs_of(packages)])
        for name in ("packages", "older", "srv/shop"):
            (root / name).mkdir(parents=True)
        for deb in packages:
            shutil.copy(deb, root / "packages")
            _older(deb, root / "older")
        (root / "srv/shop/shop.py").write_text(_APPLICATION, encoding="utf-8")
        with booted(root) as machine:
            yield machine


def _older(deb: pathlib.Path, out: pathlib.Path) -> None:
    """The same package, as if it were of an earlier version."""
    with tempfile.TemporaryDirectory(prefix="fectl-older-") as work:
        run("dpkg-deb", "--raw-extract", deb, work)
        control = pathlib.Path(work, "DEBIAN/control")
        text = control.read_text(encoding="utf-8")
        control.write_text(re.sub(r"^Version: .*$", "Version: 0.9", text, flags=re.MULTILINE), encoding="utf-8")
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", work, out / deb.name)


@pytest.fixture(name="installed")
def _installed(machine: Machine) -> Iterator[Machine]:
    """With the packages and a service that is enabled and serves; afterwards without them."""
    machine.run(f"{_INSTALL} /packages/*.deb")
    _serve(machine)
    yield machine
    _purge(machine)


def _serve(machine: Machine) -> None:
    with open(machine.root / "etc/fectl/fectld.toml", "a", encoding="utf-8") as config:
        config.write(_SERVICE)
    machine.run("systemctl enable --now fectld")
    _serves(machine)


def _serves(machine: Machine) -> None:
    assert machine.run(f"curl -sS http://127.0.0.1:{_PORT}/") == "hello"


def _change(machine: Machine, old: str, new: str) -> None:
    config = machine.root / "etc/fectl/fectld.toml"
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")


def _purge(machine: Machine) -> None:
    """Nothing of the packages is left, whatever runs."""
    machine.run("apt-get purge --yes fectl python3-fectl libfectl-worker-dev && systemctl daemon-reload")
    left = machine.run("find / -xdev -path /proc -prune -o -path /sys -prune -o -path /packages -prune -o -path /older "
                       "-prune -o -iname '*fectl*' -print | grep -vE '^/(var/log/journal|run/systemd|tmp)/' || :")
    assert left == "", left
    assert machine.run("cat /proc/[0-9]*/comm 2>/dev/null | grep -c fectl || :") == "0"


def _workers(machine: Machine) -> list[int]:
    return [worker["pid"] for worker in json.loads(machine.run("fectl status --json web"))["workers"]]


def _drop_in(machine: Machine, text: str) -> None:
    machine.run("mkdir -p /run/systemd/system/fectld.service.d")
    machine.run(f"printf '%s' '{text}' >/run/systemd/system/fectld.service.d/test.conf && systemctl daemon-reload")


def _remove_drop_in(machine: Machine) -> None:
    machine.run("rm -r /run/systemd/system/fectld.service.d && systemctl daemon-reload")


def test_the_unit_is_up_when_its_services_serve(installed: Machine) -> None:
    assert installed.unit("ActiveState") == "active"
    assert installed.unit("StatusText") == "1 service, 2/2 ready"
    for pid in _workers(installed):
        assert installed.run(f"stat -c %U /proc/{pid}") == "fectl"
    group = installed.run("systemctl status --no-pager fectld")
    assert group.count("python3 -m fectl_worker asyncio") == 2 and "fectl-log" in group


def test_reloads_under_load_lose_no_request(installed: Machine) -> None:
    pid = installed.unit("MainPID")
    with installed.under_load(_PORT):
        for turn in range(5):
            _change(installed, f'"TURN={turn}"', f'"TURN={turn + 1}"')
            installed.run("systemctl reload fectld")
            assert f"version {turn + 2} runs" in installed.journal()
    assert installed.unit("MainPID") == pid and installed.unit("NRestarts") == "0"


def test_a_reload_that_fails_says_so_and_changes_nothing(installed: Machine) -> None:
    workers = _workers(installed)
    _change(installed, "num = 2", "num = two")
    done = installed.try_run("systemctl reload fectld")
    assert done.returncode != 0 and "Job for fectld.service failed" in done.stdout
    assert re.search(r"fectld.toml:\d+: service.web.num: text must be in quotes", installed.journal())
    # A file that is right, and a version that does not come up.
    _change(installed, "num = two", "num = 2")
    _change(installed, "app=shop:application", "app=shop:nothing")
    done = installed.try_run("systemctl reload fectld")
    assert done.returncode != 0 and "nothing" in installed.journal()
    assert installed.unit("ActiveState") == "active"
    _serves(installed)
    assert len(workers) == 2 and workers == _workers(installed)


def test_a_master_that_hangs_is_replaced(installed: Machine) -> None:
    _drop_in(installed, "[Service]\nWatchdogSec=2\n")
    installed.run("systemctl restart fectld")
    pid = installed.unit("MainPID")
    installed.run(f"kill -STOP {pid}")
    installed.wait('test "$(systemctl show --property=NRestarts --value fectld)" = 1')
    installed.wait("systemctl is-active fectld")
    _serves(installed)
    assert "Watchdog timeout" in installed.journal() and installed.unit("MainPID") != pid
    _remove_drop_in(installed)


def test_a_worker_that_is_lost_costs_the_unit_nothing(installed: Machine) -> None:
    pid = installed.unit("MainPID")
    for _ in range(5):
        installed.run(f"kill -9 {_workers(installed)[0]}")
        installed.run("fectl wait web --for ready --timeout 60")
    _serves(installed)
    assert installed.unit("MainPID") == pid and installed.unit("NRestarts") == "0"


def test_the_end_is_orderly_and_leaves_nothing(installed: Machine) -> None:
    pid = installed.unit("MainPID")
    installed.run("systemctl stop fectld")
    assert installed.unit("Result") == "success" and installed.unit("ActiveState") == "inactive"
    assert "all services are stopped; fectld leaves" in installed.journal()
    assert installed.try_run(f"test -e /proc/{pid}").returncode != 0
    assert installed.try_run(f"curl -sS http://127.0.0.1:{_PORT}/").returncode != 0
    assert installed.try_run("test -e /run/fectl").returncode != 0
    installed.run("systemctl start fectld")
    _serves(installed)


def test_sockets_of_systemd_wait_while_fectld_is_away(installed: Machine) -> None:
    example = installed.root / "usr/share/doc/fectl/examples/fectld.socket"
    unit = example.read_text(encoding="utf-8").replace(":8080", f":{_PORT}")
    installed.run("systemctl stop fectld")
    (installed.root / "etc/systemd/system/fectld.socket").write_text(unit, encoding="utf-8")
    _change(installed, f'host = "127.0.0.1"\nport = {_PORT}\n', 'from = "systemd"\n')
    installed.run("systemctl daemon-reload && systemctl enable --now fectld.socket")
    try:
        # Nothing runs until somebody comes.
        assert installed.try_run("systemctl is-active fectld").returncode != 0
        _serves(installed)
        installed.wait("systemctl is-active fectld")
        with installed.under_load(_PORT):
            for _ in range(3):
                installed.run("systemctl restart fectld")
        installed.run("kill -9 $(systemctl show --property=MainPID --value fectld)")
        _serves(installed)
    finally:
        installed.run("systemctl disable --now fectld.socket && systemctl stop fectld")
        installed.run("rm /etc/systemd/system/fectld.socket && systemctl daemon-reload")


def test_an_upgrade_interrupts_nothing_and_keeps_the_configuration(machine: Machine) -> None:
    machine.run(f"{_INSTALL} /older/*.deb")
    _serve(machine)
    pid = machine.unit("MainPID")
    config = (machine.root / "etc/fectl/fectld.toml").read_text(encoding="utf-8")
    with machine.under_load(_PORT):
        words = machine.run(f"{_INSTALL} /packages/*.deb")
        assert "fectl: the fectld that runs is the one from before" in words
        assert machine.unit("MainPID") == pid
        assert machine.run(f"readlink /proc/{pid}/exe").endswith("(deleted)")
        # Until it is restarted, all goes on with what ran.
        _change(machine, '"TURN=0"', '"TURN=1"')
        machine.run("systemctl reload fectld")
        _change(machine, '"TURN=1"', '"TURN=0"')
    assert (machine.root / "etc/fectl/fectld.toml").read_text(encoding="utf-8") == config
    machine.run("systemctl restart fectld")
    assert machine.run("readlink /proc/$(systemctl show --property=MainPID --value fectld)/exe") == "/usr/bin/fectld"
    _serves(machine)
    # Removed, the configuration stays, and nothing runs.
    machine.run("apt-get remove --yes fectl")
    assert (machine.root / "etc/fectl/fectld.toml").read_text(encoding="utf-8") == config
    assert machine.try_run(f"curl -sS http://127.0.0.1:{_PORT}/").returncode != 0
    _purge(machine)
