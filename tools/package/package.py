"""Makes the Debian packages of what `tools/package/run` has built, into the folder of the argument."""

import argparse
import datetime
import email.utils
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).absolute().parents[2]
sys.path.insert(0, str(ROOT))

from tools.package import sbom  # noqa: E402
from tools.package.tree import Tree  # noqa: E402

_FILES = pathlib.Path("tools/package/files")
_MAINTAINER = os.environ.get("FECTL_PACKAGER", "fectl maintainers <maintainers@fectl.example>")
_MANUALS = ["client/fectl.1", "worker_sdk/run/fectl-run.1", "master/fectld.8", "master/fectld.toml.5"]
_COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: fectl

Files: *
Copyright: 2025-2026 the authors of fectl
License: Apache-2.0
 On Debian systems the text of the licence is in /usr/share/common-licenses/Apache-2.0.
"""
_DESCRIPTIONS = {
    "fectl": """process control that keeps applications serving
 fectld starts the worker processes of services, owns their listening sockets,
 listens to their heartbeats, replaces what hangs or dies, and reloads without
 losing a request: new workers are up before old ones leave. fectl tells it what
 to do, and fectl-run makes a worker of a program that knows nothing of it.""",
    "fectl-http": """metrics, probes and a page for fectl, over HTTP
 fectl-http is a service of fectld that shows what fectld does, and changes
 nothing: metrics for Prometheus, readiness and health for load balancers and
 Kubernetes, status and events as JSON, and a live page. With alert rules and a
 dashboard.""",
    "libfectl-worker-dev": """library for workers that fectl keeps serving
 With this library a C++ program takes part in what fectld does for its workers,
 inside its own event loop: it says when it has loaded, gets its sockets, and
 finishes what is open before it leaves. For CMake, pkg-config and others.""",
    "python3-fectl": """Python workers that fectl keeps serving
 Ready-made workers for ASGI, WSGI and aiohttp applications, which need no code
 for it, and a library for programs with an event loop of their own.""",
}


def output_of(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def package_version(changelog: str, version: str, epoch: int) -> str:
    """A version that is not released yet is before that, and after those of earlier commits."""
    heading = re.search(r"^## (\S+)(.*)$", changelog, re.MULTILINE)
    if heading is None or heading.group(1) != version:
        raise RuntimeError(f"CHANGELOG.md does not begin with the version {version} of proto_spec/version.h")
    when = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    return f"{version}~{when:%Y%m%d%H%M%S}" if "unreleased" in heading.group(2) else version


class Packages:
    """All that the packages have in common."""

    def __init__(self, work: pathlib.Path, out: pathlib.Path, bazel_bin: pathlib.Path) -> None:
        self.work, self.out, self.bin = work, out, bazel_bin
        self.epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or output_of("git", "log", "-1", "--format=%ct"))
        source = pathlib.Path("proto_spec/version.h").read_text(encoding="utf-8")
        found = re.search(r'kVersion\[\] = "([^"]+)"', source)
        assert found is not None, "proto_spec/version.h has no kVersion"
        changelog = pathlib.Path("CHANGELOG.md").read_text(encoding="utf-8")
        self.version = package_version(changelog, found.group(1), self.epoch)
        self.architecture = output_of("dpkg", "--print-architecture")
        self.multiarch = output_of("gcc", "-print-multiarch")

    def tree(self, name: str) -> Tree:
        tree = Tree(self.work / name, self.epoch)
        tree.write(f"/usr/share/doc/{name}/copyright", _COPYRIGHT)
        when = email.utils.formatdate(self.epoch)
        tree.compressed(f"fectl ({self.version}) unstable; urgency=medium\n\n"
                        f"  * What has changed for users is in CHANGELOG.md.\n\n -- {_MAINTAINER}  {when}\n",
                        f"/usr/share/doc/{name}/changelog.gz")
        return tree

    def filled(self, name: str) -> str:
        """A template."""
        text = (_FILES / name).read_text(encoding="utf-8")
        upstream = self.version.partition("~")[0]
        return text.replace("@VERSION@", upstream).replace("@MULTIARCH@", self.multiarch)

    def finish(self, tree: Tree, section: str, depends: list[str], more: str = "") -> None:
        name = tree.folder.name
        needed = ", ".join(word for word in [tree.shared_libraries(), *depends] if word)
        control = (f"Package: {name}\nSource: fectl\nVersion: {self.version}\nArchitecture: {self.architecture}\n"
                   f"Maintainer: {_MAINTAINER}\nSection: {section}\nPriority: optional\nDepends: {needed}\n{more}"
                   f"Description: {_DESCRIPTIONS[name]}\n")
        kinds = [kind for kind in ("postinst", "prerm", "postrm") if (_FILES / f"{name}.{kind}").exists()]
        tree.pack(control, self.out / f"{name}_{self.version}_{self.architecture}.deb",
                  {kind: _FILES / f"{name}.{kind}" for kind in kinds})
        print(self.out / f"{name}_{self.version}_{self.architecture}.deb")

    def components(self) -> list[dict[str, str]]:
        host = pathlib.Path(output_of("bazel", "info", "output_base")) / "external/host/BUILD.bazel"
        return sbom.components(sbom.linked_files(host.read_text(encoding="utf-8")))

    def http(self) -> None:
        tree = self.tree("fectl-http")
        tree.binary(self.bin / "client/http/fectl-http", "/usr/bin/fectl-http")
        manual = pathlib.Path("client/http/fectl-http.8").read_text(encoding="utf-8")
        tree.compressed(manual, "/usr/share/man/man8/fectl-http.8.gz")
        tree.copy(_FILES / "http_sysusers.conf", "/usr/lib/sysusers.d/fectl-http.conf")
        examples = pathlib.Path("/usr/share/doc/fectl-http/examples")
        tree.copy(_FILES / "fectl-http.toml", str(examples / "fectl-http.toml"))
        for name in ("alerts.yml", "dashboard.json"):
            tree.copy(pathlib.Path("client/http/monitoring") / name, str(examples / name))
        document = sbom.document(self.version, self.epoch, self.components(), "fectl-http")
        tree.write("/usr/share/doc/fectl-http/fectl-http.cdx.json", document)
        self.finish(tree, "admin", ["systemd | systemd-standalone-sysusers"], "Recommends: fectl\n")

    def programs(self) -> None:
        tree = self.tree("fectl")
        for program in ("master/fectld", "client/fectl", "worker_sdk/run/fectl-run"):
            tree.binary(self.bin / program, f"/usr/bin/{pathlib.Path(program).name}")
        for manual in map(pathlib.Path, _MANUALS):
            target = f"/usr/share/man/man{manual.suffix[1]}/{manual.name}.gz"
            tree.compressed(manual.read_text(encoding="utf-8"), target)
        tree.copy(_FILES / "fectld.service", "/lib/systemd/system/fectld.service")
        tree.copy(_FILES / "sysusers.conf", "/usr/lib/sysusers.d/fectl.conf")
        tree.copy(_FILES / "tmpfiles.conf", "/usr/lib/tmpfiles.d/fectl.conf")
        tree.copy(_FILES / "fectld.toml", "/etc/fectl/fectld.toml")
        tree.conffiles.append("/etc/fectl/fectld.toml")
        tree.copy(pathlib.Path("testdata/configs/example.toml"), "/usr/share/doc/fectl/examples/fectld.toml")
        tree.copy(_FILES / "fectld.socket", "/usr/share/doc/fectl/examples/fectld.socket")
        script = output_of(str(self.bin / "client/fectl"), "completion", "bash") + "\n"
        tree.write("/usr/share/bash-completion/completions/fectl", script)
        head = (_FILES / "zsh_head").read_text(encoding="utf-8")
        tree.write("/usr/share/zsh/vendor-completions/_fectl",
                   f"{head}{script}_bash_complete -o default -F _fectl\n")
        tree.copy(_FILES / "lintian-overrides", "/usr/share/lintian/overrides/fectl")
        tree.copy(_FILES / "fectl.fish", "/usr/share/fish/vendor_completions.d/fectl.fish")
        # Boost is in fectl-http alone.
        parts = [part for part in self.components() if "boost" not in part["name"]]
        tree.write("/usr/share/doc/fectl/fectl.cdx.json", sbom.document(self.version, self.epoch, parts))
        self.finish(tree, "admin", ["systemd | systemd-standalone-sysusers", "systemd | systemd-standalone-tmpfiles"],
                    "Suggests: python3-fectl, fectl-http\n")

    def library(self) -> None:
        tree = self.tree("libfectl-worker-dev")
        tree.copy(self.bin / "tools/package/libfectl_worker.a", f"/usr/lib/{self.multiarch}/libfectl_worker.a")
        for header in public_headers():
            tree.copy(header, f"/usr/include/fectl/{header}")
        tree.write(f"/usr/lib/{self.multiarch}/pkgconfig/fectl-worker.pc", self.filled("fectl-worker.pc"))
        for name in ("fectl_worker-config.cmake", "fectl_worker-config-version.cmake"):
            tree.write(f"/usr/lib/{self.multiarch}/cmake/fectl_worker/{name}", self.filled(name))
        for example in ("minimal.cc", "greet.c"):
            tree.copy(pathlib.Path("worker_sdk/examples", example),
                      f"/usr/share/doc/libfectl-worker-dev/examples/{example}")
        self.finish(tree, "libdevel", ["libabsl-dev"], "Suggests: libasio-dev\nMulti-Arch: same\n")

    def python(self) -> None:
        tree = self.tree("python3-fectl")
        site = self.bin / "python/site"
        for path in sorted((site / "fectl_worker").rglob("*")):
            target = f"/usr/lib/python3/dist-packages/{path.relative_to(site)}"
            if path.suffix == ".so":
                tree.binary(path, target, 0o644)
            elif path.is_file() and path.parent.name != "__pycache__":
                tree.copy(path, target)
        major, minor = sys.version_info[:2]
        self.finish(tree, "python", [f"python3 (>= {major}.{minor})", f"python3 (<< {major}.{minor + 1})"],
                    "Suggests: fectl, python3-aiohttp, python3-uvicorn\n")


def public_headers() -> list[pathlib.Path]:
    """worker_sdk/worker.h, the C interface, the servers of worker_sdk/drain, what they include of ours, and so on."""
    wanted = [pathlib.Path("worker_sdk/worker.h"), pathlib.Path("worker_sdk/c/fectl.h")]
    wanted += sorted(pathlib.Path("worker_sdk/drain").glob("*.h"))
    found: list[pathlib.Path] = []
    while wanted:
        header = wanted.pop()
        if header in found:
            continue
        found.append(header)
        text = header.read_text(encoding="utf-8")
        wanted += [pathlib.Path(name) for name in re.findall(r'#include "((?:worker_sdk|proto_spec)/[^"]+)"', text)]
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out.absolute()
    os.chdir(ROOT)
    out.mkdir(parents=True, exist_ok=True)
    bazel_bin = pathlib.Path(output_of("bazel", "info", "-c", "opt", "bazel-bin"))
    with tempfile.TemporaryDirectory(prefix="fectl-package-") as work:
        packages = Packages(pathlib.Path(work), out, bazel_bin)
        packages.programs()
        packages.http()
        packages.library()
        packages.python()


if __name__ == "__main__":
    main()
