"""Roots of Debian 12, and a machine with a systemd of its own that is booted from one."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
from typing import Iterator, Optional

from testdata.e2e.processes import wait_until

ROOT = pathlib.Path(__file__).absolute().parents[2]
_BOOT_SECONDS_MAX = 120


def run(*words: object, **options: object) -> str:
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{words}\n{done.stdout}"
    return done.stdout


def make_root(root: pathlib.Path, needed: list[str]) -> None:
    """A Debian 12 with what it needs, so that nothing in there wants a network."""
    mirror = os.environ.get("FECTL_DEBIAN_MIRROR") or run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
        "Label: Debian").splitlines()[0]
    proxies = [f"--aptopt={line}" for line in run("apt-config", "dump").splitlines()
               if line.lower().startswith(("acquire::http::proxy", "acquire::https::proxy"))]
    included = [f"--include={','.join(needed)}"] if needed else []
    run("mmdebstrap", "--variant=minbase", *included, "--skip=cleanup/apt/lists", *proxies,
        "bookworm", root, mirror)


def needs_of(packages: list[pathlib.Path]) -> list[str]:
    """What these packages depend on, of each choice the first."""
    found: set[str] = set()
    for deb in packages:
        depends = run("dpkg-deb", "--field", deb, "Depends")
        found |= {re.split(r"[ (|]", word.strip())[0] for word in depends.split(",")}
    return sorted(found)


class Machine:
    """A booted root. What is run in it has its processes, network and users."""

    def __init__(self, root: pathlib.Path, leader: int) -> None:
        self.root = root
        self.leader = leader

    def try_run(self, script: str) -> subprocess.CompletedProcess[str]:
        words = ["nsenter", "--target", str(self.leader), "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                 "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-euc", script]
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)

    def run(self, script: str) -> str:
        done = self.try_run(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{self.journal()}"
        return done.stdout.strip()

    def journal(self) -> str:
        return self.try_run("journalctl --unit=fectld --no-pager --lines=60").stdout

    def unit(self, name: str) -> str:
        """A property of fectld.service, as `systemctl show` has it."""
        return self.run(f"systemctl show --property={name} --value fectld")

    def wait(self, script: str, seconds: float = 60) -> str:
        """Until the script succeeds."""
        done: list[subprocess.CompletedProcess[str]] = []

        def succeeds() -> bool:
            done[:] = [self.try_run(script)]
            return done[0].returncode == 0

        try:
            wait_until(succeeds, script, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{done[0].stdout}\n{self.journal()}") from None
        return done[0].stdout.strip()

    @contextlib.contextmanager
    def under_load(self, port: int) -> Iterator[None]:
        """While HTTP is spoken on this port, without a request that fails."""
        words = ["nsenter", "--target", str(self.leader), "--net", "/usr/bin/python3", "-B", "-m", "testdata.e2e.load",
                 str(port), "600"]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as load:
            try:
                yield
            finally:
                load.send_signal(signal.SIGINT)
                tally = load.communicate()[0]
        answered = re.search(r"answered=(\d+)", tally)
        assert answered is not None and int(answered[1]) > 100 and load.returncode == 0, tally


@contextlib.contextmanager
def booted(root: pathlib.Path) -> Iterator[Machine]:
    # Neither registered with a systemd of this machine, which may have none, nor in a network with it.
    words = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe",
             f"--machine=fectl-{os.getpid()}", "--boot", "--directory", str(root)]
    with tempfile.TemporaryFile(mode="w+") as console:
        nspawn = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                  start_new_session=True)
        try:
            leader = wait_until(lambda: _leader(nspawn) if nspawn.poll() is None else -1, "a process 1",
                                _BOOT_SECONDS_MAX)
            assert leader > 0, _text(console)
            machine = Machine(root, leader)
            # "degraded": something of Debian's has failed in there, which is not looked at here.
            machine.wait("systemctl is-system-running | grep -E 'running|degraded'", _BOOT_SECONDS_MAX)
            yield machine
        finally:
            # Asks for an orderly end; what does not come to it in time is ended.
            nspawn.send_signal(signal.SIGTERM)
            try:
                nspawn.wait(60)
            except subprocess.TimeoutExpired:
                nspawn.kill()
                nspawn.wait()


def _leader(nspawn: subprocess.Popen[bytes]) -> Optional[int]:
    """The machine's process 1, as it is numbered here; None: there is none yet."""
    for child in pathlib.Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text(encoding="utf-8").split():
        status = pathlib.Path(f"/proc/{child}/status").read_text(encoding="utf-8")
        if re.search(r"^Name:\s+systemd$", status, re.M) and re.search(r"^NSpid:\s+\d+\s+1$", status, re.M):
            return int(child)
    return None


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read())  # type: ignore[attr-defined]
