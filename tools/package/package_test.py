"""What of the packaging takes no build."""

import json
import pathlib
import subprocess

import pytest

from tools.package import package, sbom
from tools.package.tree import Tree


def test_a_version_that_is_not_released_is_before_the_release() -> None:
    early = package.package_version("# Changelog\n\n## 1.2.0 (unreleased)\n", "1.2.0", 86400)
    late = package.package_version("## 1.2.0 (unreleased)\n", "1.2.0", 90000)
    released = package.package_version("## 1.2.0\n", "1.2.0", 90000)
    assert (early, released) == ("1.2.0~19700102000000", "1.2.0")
    for before, after in ((early, late), (late, released)):
        assert subprocess.run(["dpkg", "--compare-versions", before, "lt", after], check=False).returncode == 0
    with pytest.raises(RuntimeError, match="does not begin with the version 1.3.0"):
        package.package_version("## 1.2.0\n", "1.3.0", 0)


def test_a_bill_of_materials_names_packages_and_versions(tmp_path: pathlib.Path) -> None:
    version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", "rapidjson-dev"], capture_output=True,
                             text=True, check=True).stdout
    parts = sbom.components(["/usr/include/rapidjson/document.h"])
    assert [(part["name"], part["version"]) for part in parts] == [("rapidjson-dev", version)]
    text = sbom.document("1.2.0", 86400, parts)
    assert text == sbom.document("1.2.0", 86400, parts)
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    chosen = sbom.linked_files('linkopts = ["/usr/lib/x/libabsl_status.a", "/usr/lib/x/libgtest.a", "-lpthread"]')
    assert "/usr/lib/x/libabsl_status.a" in chosen and "/usr/lib/x/libgtest.a" not in chosen
    assert "/usr/include/rapidjson/document.h" in chosen


def test_the_same_tree_is_the_same_package(tmp_path: pathlib.Path) -> None:
    made = []
    for turn in ("first", "second"):
        tree = Tree(tmp_path / turn / "thing", 86400)
        tree.write("/usr/share/doc/thing/a", "a\n")
        tree.compressed("b\n", "/usr/share/doc/thing/b.gz")
        out = tmp_path / f"{turn}.deb"
        tree.pack("Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.example>\n"
                  "Description: thing\n", out)
        made.append(out.read_bytes())
    assert made[0] == made[1]
    shown = subprocess.run(["dpkg-deb", "--contents", tmp_path / "first.deb"], capture_output=True, text=True,
                           env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}, check=True).stdout
    assert "-rw-r--r-- root/root" in shown and "1970-01-02 00:00 ./usr/share/doc/thing/a" in shown
