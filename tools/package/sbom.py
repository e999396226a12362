"""What a package's programs are made of beside this repository, as a CycloneDX document.

Which libraries those are is what the build itself uses (tools/build/host_libraries.bzl), and which Debian package each
is of is dpkg's answer.
"""

import datetime
import json
import pathlib
import re
import subprocess
import uuid
from typing import Iterable

_TESTS_ALONE = re.compile(r"lib(gtest|gmock|benchmark)[^/]*\.a$")
_RULES = pathlib.Path("tools/build/host_libraries.bzl")


def linked_files(generated_build: str) -> list[str]:
    """The archives and headers of libraries that programs are built from. `generated_build`: the BUILD file that
    host_libraries.bzl has made."""
    archives = set(re.findall(r"/usr/lib/[^\"', ]+\.a\b", generated_build))
    headers = set(re.findall(r"\"(/usr/include/[^\"]+\.(?:h|hpp))\"", _RULES.read_text(encoding="utf-8")))
    chosen = sorted(name for name in archives | headers if not _TESTS_ALONE.search(name))
    if not chosen:
        raise RuntimeError(f"{_RULES} has left no archive of a library in its BUILD file")
    return chosen


def _packages(files: Iterable[str]) -> list[str]:
    found = subprocess.run(["dpkg-query", "--search", *files], capture_output=True, text=True, check=True).stdout
    return sorted({line.split(":")[0] for line in found.splitlines()})


def components(files: Iterable[str]) -> list[dict[str, str]]:
    """The Debian packages of these files, with their versions."""
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}\n"
    shown = subprocess.run(["dpkg-query", "--show", f"--showformat={fields}", *_packages(files)], capture_output=True,
                           text=True, check=True).stdout
    parts = []
    for name, version, architecture, source in (line.split("\t") for line in shown.splitlines()):
        parts.append({"type": "library", "name": name, "version": version,
                      "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}",
                      "description": f"of the Debian source package {source}"})
    return parts


def document(version: str, epoch: int, parts: list[dict[str, str]], name: str = "fectl") -> str:
    when = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    # The same parts are the same document.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([name, version, parts]))
    return json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.4", "serialNumber": f"urn:uuid:{serial}", "version": 1,
        "metadata": {"timestamp": when, "component": {"type": "application", "name": name, "version": version}},
        "components": parts,
    }, indent=2) + "\n"
