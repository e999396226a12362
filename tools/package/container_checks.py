"""fectld as process 1 of a container: the image that the Containerfile describes, made and run without an engine, and
the manifests for engines.

For `tools/test --all` (as root: roots of Debian are made and entered).
"""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib
from typing import Any, Iterator, Optional

import pytest
import yaml

from testdata.e2e.http_requests import free_port
from testdata.e2e.processes import wait_until
from tools.package.debian import ROOT, make_root, run

_CONTAINERS = ROOT / "tools/package/containers"
# The container's surroundings as an engine makes them, without one: namespaces of its own, a root that cannot be
# written, and what is mounted in it. Ends as process 1 of them, which is fectld.
_SURROUNDINGS = """set -e
root=$1 state=$2 user=$3; shift 3
mount --bind "$root" "$root"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
touch "$root/dev/termination-log"; mount --bind "$state/termination-log" "$root/dev/termination-log"
mount -t tmpfs -o mode=1777 tmpfs "$root/run/fectl"
mount --bind "$state/config" "$root/etc/fectl"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
umask 0002
exec chroot --userspec="$user" --groups= "$root" env -i PATH=/usr/bin:/bin HOME=/ "$@"
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes and enters a root of Debian")


class Image:
    """What a Containerfile describes: a root, and how it is started. It knows what our own one has."""

    def __init__(self, root: pathlib.Path, context: pathlib.Path) -> None:
        self.root = root
        self.environ: dict[str, str] = {}
        self.user = "0:0"
        self.command: list[str] = []
        text = (_CONTAINERS / "Containerfile").read_text(encoding="utf-8")
        text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
        for line in filter(None, text.splitlines()):
            word, rest = line.split(maxsplit=1)
            getattr(self, "_" + word.lower())(rest, context)

    def _from(self, rest: str, _: pathlib.Path) -> None:
        assert rest == "debian:bookworm-slim"
        make_root(self.root, [])

    def _copy(self, rest: str, context: pathlib.Path) -> None:
        *sources, target = rest.split()
        place = self.root / target.lstrip("/")
        (place if target.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
        for source in sources:
            found = glob.glob(str(context / source))
            assert found, f"there is no {source}"
            for path in found:
                shutil.copy(path, place)

    def _run(self, rest: str, _: pathlib.Path) -> None:
        # The network is the host's for that time, as of an engine that builds.
        resolver = self.root / "etc/resolv.conf"
        shutil.copy("/etc/resolv.conf", resolver)
        mounted = 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "$2"'
        run("unshare", "--mount", "--pid", "--fork", "sh", "-c", mounted, "sh", self.root, rest,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})

    def _env(self, rest: str, _: pathlib.Path) -> None:
        name, _, value = rest.partition("=")
        self.environ[name] = value

    def _expose(self, rest: str, _: pathlib.Path) -> None:
        assert int(rest) == _config()["socket"][0]["port"]

    def _user(self, rest: str, _: pathlib.Path) -> None:
        self.user = rest

    def _entrypoint(self, rest: str, _: pathlib.Path) -> None:
        self.command = json.loads(rest)

    def _cmd(self, rest: str, _: pathlib.Path) -> None:
        self.command += json.loads(rest)


def _config() -> dict[str, Any]:
    return tomllib.loads((_CONTAINERS / "fectld.toml").read_text(encoding="utf-8"))


@pytest.fixture(name="image", scope="module")
def _image(packages: list[pathlib.Path]) -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="fectl-image-") as folder:
        context = pathlib.Path(folder) / "context"
        context.mkdir()
        for file in [*packages, _CONTAINERS / "fectld.toml", _CONTAINERS / "shop.py"]:
            shutil.copy(file, context)
        yield Image(pathlib.Path(folder) / "root", context)


class Container:
    def __init__(self, image: Image, state: pathlib.Path, user: str, port: int) -> None:
        self.image, self.state, self.user, self.port = image, state, user, port
        self._log = state / "log"
        variables = [f"{name}={value}" for name, value in image.environ.items()]
        words = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", _SURROUNDINGS,
                 "sh", image.root, state, user, *variables, *image.command]
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def leader(self) -> int:
        """fectld, as it is numbered here."""

        def found() -> Optional[int]:
            assert self.process.poll() is None, self.log()
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            for child in children.read_text(encoding="utf-8").split():
                with contextlib.suppress(FileNotFoundError):
                    if pathlib.Path(f"/proc/{child}/comm").read_text(encoding="utf-8") == "fectld\n":
                        return int(child)
            return None

        return wait_until(found, "fectld is process 1")  # type: ignore[return-value]

    def exec(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """As an engine's probe: another process, as the same user."""
        uid, gid = self.user.split(":")
        variables = [f"{name}={value}" for name, value in self.image.environ.items()]
        entered = ["nsenter", "--target", str(self.leader()), "--mount", "--pid", "--ipc", "--uts", "--root", "--wd=/",
                   "setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "env", *variables, *words]
        return subprocess.run(entered, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def ready(self) -> "Container":
        [probe] = {tuple(words) for words in _probes("startupProbe")}
        wait_until(lambda: self.exec(*probe).returncode == 0, "the startup probe succeeds")
        return self

    def get(self) -> str:
        """The answer; empty where there is none."""
        return subprocess.run(["curl", "-s", f"http://127.0.0.1:{self.port}/"], capture_output=True, text=True,
                              check=False).stdout

    def message(self) -> str:
        return (self.state / "termination-log").read_text(encoding="utf-8")

    def signal(self, number: int) -> None:
        os.kill(self.leader(), number)

    def wait_exit(self) -> int:
        wait_until(lambda: self.process.poll() is not None, "the container ends")
        return self.process.returncode


@contextlib.contextmanager
def container(image: Image, user: Optional[str] = None, **changes: str) -> Iterator[Container]:
    """`changes`: texts of the configuration that are others."""
    with tempfile.TemporaryDirectory(prefix="fectl-container-") as folder:
        state = pathlib.Path(folder)
        state.chmod(0o755)
        (state / "termination-log").touch()
        (state / "termination-log").chmod(0o666)
        port = free_port()
        text = (_CONTAINERS / "fectld.toml").read_text(encoding="utf-8")
        for old, new in [("port = 8080", f"port = {port}"), ('num = "auto"', "num = 2"), *changes.items()]:
            assert old in text
            text = text.replace(old, new)
        # As a ConfigMap is mounted: a link to a folder that is a link to the newest version.
        newest = state / "config/..2026"
        newest.mkdir(parents=True)
        (newest / "fectld.toml").write_text(text, encoding="utf-8")
        (state / "config/..data").symlink_to("..2026")
        (state / "config/fectld.toml").symlink_to("..data/fectld.toml")
        running = Container(image, state, user or image.user, port)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
            running.process.wait()
            print(running.log())


def _probes(name: str) -> list[list[str]]:
    return [_pod()["containers"][0][name]["exec"]["command"]]


def _manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((_CONTAINERS / "kubernetes.yaml").read_text(encoding="utf-8")))


def _pod() -> dict[str, Any]:
    pod: dict[str, Any] = _manifests()[0]["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("user", ["0:0", "65532:65532", "1000690000:0"])
def test_it_serves_as_any_user_on_a_root_that_cannot_be_written(image: Image, user: str) -> None:
    with container(image, user) as box:
        box.ready()
        assert box.get() == "hello\n"
        for probe in ("readinessProbe", "livenessProbe"):
            [words] = _probes(probe)
            assert box.exec(*words).returncode == 0
        status = pathlib.Path(f"/proc/{box.leader()}/status").read_text(encoding="utf-8")
        assert re.search(r"^NSpid:\t\d+\t1$", status, re.MULTILINE)
        assert re.search(rf"^Uid:\t{user.split(':')[0]}\t", status, re.MULTILINE)
        assert box.exec("touch", "/srv/shop/x").returncode != 0, "the root cannot be written"
        assert box.exec("fectl", "reload", "web").returncode == 0
        box.signal(signal.SIGTERM)
        box.signal(signal.SIGTERM)
        assert box.wait_exit() == 0 and box.message() == ""


def test_orphans_are_reaped_and_not_spoken_of(image: Image) -> None:
    with container(image) as box:
        box.ready()
        before = box.log()
        for _ in range(20):
            assert box.exec("sh", "-c", "sleep 0.05 & sleep 0.05 & exit 3").returncode == 3

        def zombies() -> int:
            names = box.exec("sh", "-c", "cat /proc/[0-9]*/stat").stdout
            return len(re.findall(r"\) Z ", names))

        wait_until(lambda: zombies() == 0, "none is left")
        assert box.log() == before


@pytest.mark.parametrize("command, code", [
    ('["/bin/sh", "-c", "echo last words; exit 3"]', 3),
    ('["/bin/sh", "-c", "echo last words; kill -KILL $$"]', 137),
])
def test_what_cannot_come_up_ends_the_container_with_its_code(image: Image, command: str, code: int) -> None:
    with container(image, **{'"/usr/bin/python3 -m fectl_worker asyncio"': command}) as box:
        assert box.wait_exit() == code
        assert box.message().startswith("web worker(") and box.message().endswith("last words\n")


def test_an_application_that_is_broken_is_told_with_its_traceback(image: Image) -> None:
    with container(image, **{"app=shop:application": "app=gone:application"}) as box:
        assert box.wait_exit() == 99
        assert "No module named 'gone'" in box.message()


def test_it_serves_on_while_the_engine_takes_it_out(image: Image) -> None:
    with container(image, **{"stop_delay = 5": "stop_delay = 3"}) as box:
        box.ready()
        began = time.monotonic()
        box.signal(signal.SIGTERM)
        answers = []

        def refused() -> bool:
            answers.append(box.get())
            return answers[-1] == ""

        # New connections, as of a balancer that knows it too late.
        wait_until(refused, "nobody is served any more")
        assert "stop_delay is over" in box.log() and time.monotonic() - began >= 3
        assert set(answers[:-1]) == {"hello\n"}
        assert box.wait_exit() == 0


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)(s|m)", text)
    assert found is not None, text
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def _grace() -> float:
    """What fectld may take to end, and 5 s more."""
    config = _config()
    return config["master"]["stop_delay"] + max(one["shutdown_timeout"] for one in config["service"]) + 5


def test_kubernetes_gives_what_fectld_takes() -> None:
    deployment, service, budget = _manifests()
    pod, [box] = _pod(), _pod()["containers"]
    config = _config()
    assert [one["kind"] for one in (deployment, service, budget)] == ["Deployment", "Service", "PodDisruptionBudget"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (deployment["spec"]["selector"]["matchLabels"], service["spec"]["selector"],
                     budget["spec"]["selector"]["matchLabels"]):
        assert selector == labels
    assert pod["terminationGracePeriodSeconds"] >= _grace()
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    [port] = box["ports"]
    assert port["containerPort"] == config["socket"][0]["port"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    mounts = {mount["mountPath"]: mount["name"] for mount in box["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    assert os.path.dirname(config["master"]["sock"]) in mounts and "/etc/fectl" in mounts
    assert box["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]
    assert "lifecycle" not in box, "a pause or a sleep before the end is stop_delay's matter"
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert box[name]["timeoutSeconds"] <= box[name]["periodSeconds"]
    assert "status" not in box["livenessProbe"]["exec"]["command"], "a worker's trouble is no reason to restart all"


def test_nomad_gives_what_fectld_takes() -> None:
    job = _nomad((_CONTAINERS / "shop.nomad.hcl").read_text(encoding="utf-8"))
    group = job["job shop"]["group shop"]
    task = group["task shop"]
    assert _seconds(task["kill_timeout"]) >= _grace() and task["kill_signal"] == "SIGTERM"
    assert group["network"]["port http"]["to"] == _config()["socket"][0]["port"]
    assert os.path.dirname(_config()["master"]["sock"]) in task["config"]["tmpfs"] and task["config"]["readonly_rootfs"]
    update = job["job shop"]["update"]
    assert _seconds(update["min_healthy_time"]) < _seconds(update["healthy_deadline"])
    assert _seconds(update["healthy_deadline"]) < _seconds(update["progress_deadline"])
    assert group["service"]["port"] == "http" and group["service"]["check"]["path"] == "/"


def _nomad(text: str) -> dict[str, Any]:
    """As much of HCL as a job file has: blocks with labels, and values that are JSON's."""
    stack: list[dict[str, Any]] = [{}]
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line == "}":
            stack.pop()
            continue
        block = re.fullmatch(r'(\w+)(?: "([^"]+)")? \{', line)
        if block is not None:
            fresh: dict[str, Any] = {}
            stack[-1][" ".join(filter(None, block.groups()))] = fresh
            stack.append(fresh)
            continue
        value = re.fullmatch(r"(\w+) += (.+)", line)
        assert value is not None, line
        stack[-1][value[1]] = json.loads(value[2])
    assert len(stack) == 1, "a block is not closed"
    return stack[0]
