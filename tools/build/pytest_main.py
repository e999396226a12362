"""Runs pytest the way Bazel wants it: results into XML_OUTPUT_FILE, nothing written beside the sources."""

import faulthandler
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any


class Shard:
    """Takes every n-th case, where Bazel runs a target in n pieces (shard_count)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._total = int(environment["TEST_TOTAL_SHARDS"])
        self._index = int(environment["TEST_SHARD_INDEX"])
        # Bazel takes the existence of this file for the promise that the cases are divided here.
        with open(environment["TEST_SHARD_STATUS_FILE"], "w", encoding="utf-8"):
            pass

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = items[self._index :: self._total]


class SanitizerReports:
    """What sanitizers say in any process that a test starts, also where nobody reads its words or its exit status:
    in the environment of all that starts from now on they write into a folder."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sanitizers-", dir="/tmp"))
        self._folder.chmod(0o1777)  # processes of other users, too
        for name in [name for name in environment if name.endswith("SAN_OPTIONS")]:
            environment[name] += f":log_path={self._folder}/report"

    def take(self) -> list[str]:
        try:
            return [f"{path.name}:\n{path.read_text(errors='replace')}" for path in sorted(self._folder.iterdir())]
        finally:
            shutil.rmtree(self._folder)


def main(arguments: list[str]) -> int:
    sys.dont_write_bytecode = True
    # Plugins that happen to be installed on this machine must not change what a test does.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        import pytest
    except ImportError:
        print(f"{sys.executable} has no pytest. Run tools/setup.", file=sys.stderr)
        return 1
    # Bazel ends a test that is out of time with SIGTERM: say where it hung.
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    root = os.getcwd()
    # Without --confcutdir the folder of the settings (-c) would stand for it, and pytest 8 would take every folder from
    # there on for a part of each case's name, which filters are compared with.
    options = [f"--rootdir={root}", f"--confcutdir={root}", "-c", os.devnull]
    options += ["-p", "no:cacheprovider", "-p", "no:pastebin"]
    options += ["--strict-markers", "-o", "xfail_strict=true", "-o", "junit_family=xunit2", "-ra", "--color=no"]
    if "XML_OUTPUT_FILE" in os.environ:
        options.append("--junitxml=" + os.environ["XML_OUTPUT_FILE"])
    if "TEST_TMPDIR" in os.environ:
        options.append("--basetemp=" + os.path.join(os.environ["TEST_TMPDIR"], "pytest"))
    if "TESTBRIDGE_TEST_ONLY" in os.environ:
        options += ["-k", os.environ["TESTBRIDGE_TEST_ONLY"]]
    plugins = [Shard(os.environ)] if "TEST_TOTAL_SHARDS" in os.environ else []
    sanitizers = SanitizerReports(os.environ)
    status = int(pytest.main(options + arguments, plugins=plugins))
    reports = sanitizers.take()
    print(*reports, sep="\n")
    return status or (1 if reports else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
