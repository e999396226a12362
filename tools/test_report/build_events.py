"""What one `bazel test` did, read from its build event file (one JSON object a line)."""

import dataclasses
import json
import urllib.parse
from collections.abc import Iterable
from pathlib import Path


@dataclasses.dataclass
class TargetRun:
    """One execution (run and shard) of a test target; of several attempts the last."""

    label: str
    status: str
    attempt: int
    xml: Path | None
    log: Path | None


@dataclasses.dataclass
class BuildOutcome:
    runs: list[TargetRun]
    # Targets, tests or not, which could not be loaded, analysed or built, with Bazel's word for why.
    broken: dict[str, str]


# A target that another one's failure kept from being built is not a failure of its own.
_NOT_BROKEN = {"SKIPPED", "NO_ANALYZE", "NO_BUILD"}


def read_events(lines: Iterable[str]) -> BuildOutcome:
    """Collects the test runs and the broken targets. A last line torn by a crash of Bazel is left out."""
    runs: dict[tuple[str, int, int], TargetRun] = {}
    broken: dict[str, str] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            break
        identity = event.get("id", {})
        if "testResult" in identity and "testResult" in event:
            _add_run(runs, identity["testResult"], event["testResult"])
        elif "targetCompleted" in identity:
            if not event.get("completed", {}).get("success", False):
                broken[identity["targetCompleted"]["label"]] = _reason(event)
        elif "aborted" in event and event["aborted"].get("reason") not in _NOT_BROKEN:
            broken.setdefault(_label(identity), _reason(event))
    return BuildOutcome(list(runs.values()), broken)


def _add_run(runs: dict[tuple[str, int, int], TargetRun], identity: dict, result: dict) -> None:
    files = {f["name"]: _path(f["uri"]) for f in result.get("testActionOutput", []) if "uri" in f}
    attempt = int(identity.get("attempt", 1))
    key = (identity["label"], int(identity.get("run", 1)), int(identity.get("shard", 1)))
    if key not in runs or runs[key].attempt < attempt:
        status = result.get("status", "NO_STATUS")
        runs[key] = TargetRun(identity["label"], status, attempt, files.get("test.xml"), files.get("test.log"))


def _path(uri: str) -> Path | None:
    parts = urllib.parse.urlparse(uri)
    return Path(urllib.parse.unquote(parts.path)) if parts.scheme == "file" else None


def _label(identity: dict) -> str:
    for value in identity.values():
        if isinstance(value, dict) and "label" in value:
            return value["label"]
        if isinstance(value, dict) and "pattern" in value:
            return " ".join(value["pattern"])
    return "the build"


def _reason(event: dict) -> str:
    aborted = event.get("aborted")
    if aborted:
        return aborted.get("description") or aborted.get("reason", "aborted")
    return "it does not build"
