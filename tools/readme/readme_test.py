"""What README.md shows is true."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path.cwd()
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGURATIONS = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


def run(*command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_there_are_configurations() -> None:
    assert len(CONFIGURATIONS) >= 2


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_every_configuration_is_valid(text: str, tmp_path: Path) -> None:
    (tmp_path / "fectld.toml").write_text(text, encoding="utf-8")
    (tmp_path / "fectld.toml").chmod(0o644)
    checked = run(ROOT / "master/fectld", "--check", "-c", tmp_path / "fectld.toml")
    assert checked.returncode == 0, checked.stderr


def test_the_commands_of_fectl_exist() -> None:
    assert "`fectl status`, `fectl reload web`" in README
    for arguments in (["help"], ["help", "status"], ["help", "reload"]):
        explained = run(ROOT / "client/fectl", *arguments)
        assert explained.returncode == 0, explained.stderr
        assert explained.stdout.startswith("Usage: fectl")
