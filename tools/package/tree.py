"""The tree of files of one Debian package, and the package from it: with the same content on every machine."""

import gzip
import os
import pathlib
import shutil
import subprocess
from typing import Optional


class Tree:
    """What a package installs. Everything is root's, of modes 0644 and 0755, and as old as `epoch` says."""

    def __init__(self, folder: pathlib.Path, epoch: int) -> None:
        self.folder = folder
        self.epoch = epoch
        self.conffiles: list[str] = []
        self.binaries: list[pathlib.Path] = []

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def copy(self, source: pathlib.Path, path: str, mode: int = 0o644) -> pathlib.Path:
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(mode)
        return target

    def binary(self, source: pathlib.Path, path: str, mode: int = 0o755) -> None:
        target = self.copy(source, path, mode)
        subprocess.run(["strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", target],
                       check=True)
        self.binaries.append(target)

    def compressed(self, text: str, path: str) -> None:
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
        target.chmod(0o644)

    def shared_libraries(self) -> str:
        """For Depends: what the binaries are linked with, at the versions whose symbols they use."""
        if not self.binaries:
            return ""
        work = self.folder.parent / (self.folder.name + ".shlibs")
        (work / "debian").mkdir(parents=True)
        (work / "debian/control").write_text("Source: fectl\n\nPackage: fectl\nArchitecture: any\n", encoding="utf-8")
        words = [f"-e{path}" for path in self.binaries]
        found = subprocess.run(["dpkg-shlibdeps", "-O", "--ignore-missing-info", *words], cwd=work, capture_output=True,
                               text=True, check=True).stdout
        shutil.rmtree(work)
        return found.partition("shlibs:Depends=")[2].strip()

    def pack(self, control: str, out: pathlib.Path, scripts: Optional[dict[str, pathlib.Path]] = None) -> None:
        """`control` without the size."""
        debian = self.folder / "DEBIAN"
        debian.mkdir()
        (debian / "control").write_text(f"{control}Installed-Size: {self._kib()}\n", encoding="utf-8")
        if self.conffiles:
            (debian / "conffiles").write_text("".join(f"{path}\n" for path in self.conffiles), encoding="utf-8")
        for name, source in (scripts or {}).items():
            shutil.copyfile(source, debian / name)
            (debian / name).chmod(0o755)
        listed = "find . -path ./DEBIAN -prune -o -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r md5sum"
        sums = subprocess.run(listed, shell=True, cwd=self.folder, capture_output=True, text=True, check=True).stdout
        (debian / "md5sums").write_text(sums, encoding="utf-8")
        for path in [*self.folder.rglob("*"), self.folder]:
            if path.is_dir():
                path.chmod(0o755)
            elif path.parent == debian and path.name not in (scripts or {}):
                path.chmod(0o644)
            os.utime(path, (self.epoch, self.epoch), follow_symlinks=False)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(self.epoch), "LC_ALL": "C"}
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", self.folder, out],
                       env=environment, stdout=subprocess.DEVNULL, check=True)

    def _kib(self) -> int:
        return sum(1 + path.stat().st_size // 1024 for path in self.folder.rglob("*") if path.is_file())
