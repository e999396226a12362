"""The packages as their users meet them: lintian, an installation in a fresh Debian 12, builds of other build systems.

For `tools/test --all` (as root: roots of Debian are made and entered).
"""

import filecmp
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import Iterator

import pytest

from tools.package.debian import ROOT, make_root, run

_NEEDED = ["curl", "libabsl-dev", "libunwind8", "python3", "python3-uvicorn", "systemd-standalone-sysusers",
           "systemd-standalone-tmpfiles"]
# What somebody does who has just installed the package, and takes it away again. The service is started by hand: this
# root has no systemd.
_SCRIPT = """set -eux
apt-get install --yes --no-install-recommends /packages/*.deb >/dev/null
getent passwd fectl
test -d /run/fectl && test "$(stat -c %a /var/log/fectl)" = 750
# As it comes it has no service, and says so.
! fectld -c /etc/fectl/fectld.toml --check 2>/tmp/words
grep -q 'at least one \\[\\[service\\]\\] is needed' /tmp/words
mkdir /srv/shop
cat >/srv/shop/shop.py <<'END'
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": b"hello\\n"})
END
cat >>/etc/fectl/fectld.toml <<'END'
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
environ = ["PYTHONPATH=/srv/shop"]
command = "/usr/bin/python3 -m fectl_worker asyncio"
END
# The page and the metrics, by the example of their package; [master] is there already.
getent passwd fectl-http
sed -i 's/^#allow = .*/allow = ["observe:fectl-http"]/' /etc/fectl/fectld.toml
sed '1,/^allow/d' /usr/share/doc/fectl-http/examples/fectl-http.toml >>/etc/fectl/fectld.toml
fectld -c /etc/fectl/fectld.toml --check --strict
fectld -d -c /etc/fectl/fectld.toml
fectl wait web --for ready --timeout 60 || { fectl logs web; exit 1; }
test "$(curl -s http://127.0.0.1:18080/)" = hello
fectl wait fectl-http --for ready --timeout 60
curl -sf http://127.0.0.1:9180/readyz
curl -s http://127.0.0.1:9180/metrics | grep -q '^fectl_service_workers_desired{service="web"} 2$'
fectl reload web
test "$(curl -s http://127.0.0.1:18080/)" = hello
fectl quit
ls /var/log/fectl
# An upgrade leaves the configuration as it is; only a purge takes it away.
apt-get install --yes --reinstall --no-install-recommends /packages/*.deb >/dev/null
grep -q 18080 /etc/fectl/fectld.toml
apt-get remove --yes fectl >/dev/null
test -f /etc/fectl/fectld.toml && ! command -v fectld
apt-get purge --yes fectl fectl-http python3-fectl libfectl-worker-dev >/dev/null
for path in /etc/fectl /var/log/fectl /run/fectl /usr/lib/python3/dist-packages/fectl_worker /usr/include/fectl; do
  test ! -e "$path"
done
"""


@pytest.fixture(name="installed", scope="session")
def _installed(packages: list[pathlib.Path]) -> Iterator[pathlib.Path]:
    """The files of the packages, without an installation."""
    with tempfile.TemporaryDirectory(prefix="fectl-installed-") as folder:
        for deb in packages:
            run("dpkg-deb", "--extract", deb, folder)
        yield pathlib.Path(folder)


def test_lintian_has_nothing_to_say(packages: list[pathlib.Path]) -> None:
    run("lintian", "--allow-root", "--fail-on", "error,warning", "--display-info", *packages)


def test_another_path_gives_the_same_bytes(packages: list[pathlib.Path], tmp_path: pathlib.Path) -> None:
    # Built from nothing, unless the packages were given: then with what is built already.
    elsewhere = tmp_path / "another-path"
    files = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, files):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, elsewhere / name, follow_symlinks=False)
    epoch = run("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()
    fresh = [] if "FECTL_PACKAGES" in os.environ else ["--disk_cache="]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "TZ": "Pacific/Chatham", "LC_ALL": "C.UTF-8"}
    try:
        run(elsewhere / "tools/package/run", tmp_path / "out", *fresh, env=environment, umask=0o077)
    finally:
        subprocess.run(["bazel", "clean", "--expunge"], cwd=elsewhere, capture_output=True, check=False)
    for deb in packages:
        assert filecmp.cmp(deb, tmp_path / "out" / deb.name, shallow=False), f"{deb.name} differs"


def _flags(installed: pathlib.Path, tmp_path: pathlib.Path) -> list[str]:
    """What pkg-config says."""
    multiarch = run("gcc", "-print-multiarch").strip()
    pc = (installed / f"usr/lib/{multiarch}/pkgconfig/fectl-worker.pc").read_text(encoding="utf-8")
    (tmp_path / "fectl-worker.pc").write_text(pc.replace("prefix=/usr", f"prefix={installed}/usr", 1), encoding="utf-8")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(tmp_path)}
    return run("pkg-config", "--cflags", "--libs", "fectl-worker", env=environment).split()


def test_a_program_is_built_with_pkg_config(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "hello"
    flags = _flags(installed, tmp_path)
    run("g++", "-std=c++20", "-o", program, ROOT / "worker_sdk/examples/minimal.cc", *flags)
    _speaks(program)


def test_a_program_in_c_is_built(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    example = installed / "usr/share/doc/libfectl-worker-dev/examples/greet.c"
    program = tmp_path / "greet"
    run("gcc", "-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", program, example,
        *_flags(installed, tmp_path), "-lstdc++")
    _speaks(program, "greet")


def test_a_program_is_built_with_cmake(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shutil.copy(ROOT / "worker_sdk/examples/minimal.cc", tmp_path / "hello.cc")
    (tmp_path / "CMakeLists.txt").write_text("""cmake_minimum_required(VERSION 3.18)
project(hello CXX)
find_package(fectl_worker 1.0 REQUIRED)
add_executable(hello hello.cc)
target_link_libraries(hello fectl::worker)
""", encoding="utf-8")
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={installed}/usr")
    run("cmake", "--build", tmp_path / "build")
    _speaks(tmp_path / "build/hello")


def _speaks(program: pathlib.Path, name: str = "minimal") -> None:
    """It is a worker, which alone has nothing to do."""
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stderr) == (99, f"{name}: start me from fectld\n"), done


def test_installed_used_upgraded_and_purged_in_a_fresh_debian(packages: list[pathlib.Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes a root of Debian")
    with tempfile.TemporaryDirectory(prefix="fectl-root-") as folder:
        root = pathlib.Path(folder) / "root"
        make_root(root, _NEEDED)
        (root / "packages").mkdir()
        for deb in packages:
            shutil.copy(deb, root / "packages")
        # A network and processes of its own, and nothing of it stays when it ends.
        mounts = f"mount --rbind /dev {root}/dev && mount -t proc proc {root}/proc && exec chroot {root} sh -c \"$1\""
        run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", mounts, "sh", _SCRIPT,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
