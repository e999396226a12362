"""The packages that are checked: FECTL_PACKAGES names a folder of them; otherwise they are built."""

import os
import pathlib
import tempfile
from typing import Iterator

import pytest

from tools.package.debian import ROOT, run

NAMES = ["fectl", "fectl-http", "libfectl-worker-dev", "python3-fectl"]


@pytest.fixture(name="packages", scope="session")
def _packages() -> Iterator[list[pathlib.Path]]:
    with tempfile.TemporaryDirectory(prefix="fectl-debs-") as folder:
        found = os.environ.get("FECTL_PACKAGES")
        if found is None:
            run(ROOT / "tools/package/run", folder)
        debs = sorted(pathlib.Path(found or folder).glob("*.deb"))
        assert [deb.name.partition("_")[0] for deb in debs] == NAMES
        yield debs
