"""The alert rules and the dashboard speak of metrics that there are."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).absolute().parent
PROMTOOL = shutil.which("promtool")


def _metrics_of_the_manual() -> set[str]:
    manual = (HERE.parent / "fectl-http.8").read_text(encoding="utf-8")
    return set(re.findall(r"^\.It Li (fectl_\w+)", manual, re.MULTILINE))


def _expressions() -> list[str]:
    dashboard = json.loads((HERE / "dashboard.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_only_metrics_that_there_are() -> None:
    known = _metrics_of_the_manual()
    for text in [(HERE / "alerts.yml").read_text(encoding="utf-8"), *_expressions()]:
        used = set(re.findall(r"\bfectl_\w+", text))
        assert used <= known, used - known
    assert len(_expressions()) > 8


def test_panels_are_beside_one_another() -> None:
    dashboard = json.loads((HERE / "dashboard.json").read_text(encoding="utf-8"))
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is of the package prometheus, which tools/test --all installs")
def test_promtool_takes_the_rules_and_what_they_are_to_do(tmp_path: pathlib.Path) -> None:
    for name in ("alerts.yml", "alerts_test.yml"):
        shutil.copy(HERE / name, tmp_path)
    # Of the dashboard: its expressions as rules, with values in the place of its variables.
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:{number}", "expr": expr.replace("$instance", ".*").replace("$service", ".*")}
        for number, expr in enumerate(_expressions())]}]}
    (tmp_path / "dashboard.yml").write_text(json.dumps(rules), encoding="utf-8")
    for words in (["check", "rules", "alerts.yml", "dashboard.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([str(PROMTOOL), *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
