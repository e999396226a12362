"""tools/sim with a simulator of a few lines of shell."""

from pathlib import Path

import pytest

from tools.sim_shards import shards
from tools.sim_shards.shards import Result, Shard


@pytest.fixture
def simulator(tmp_path: Path) -> Path:
    """Fails where the shard of seed 251 is run; has seen `answer x` once in each shard and `answer y` never."""
    program = tmp_path / "sim"
    program.write_text(
        '#!/bin/sh\n[ "$1" != --first=251 ] || { echo "FAILED seed 260: a rule"; exit 1; }\n'
        'echo "answer x: 1"; echo "answer y: 0"; echo "a sum: 7"\n'
    )
    program.chmod(0o755)
    return program


def test_shards_are_all_seeds_once() -> None:
    assert list(shards.cut(5, 600)) == [Shard(5, 250), Shard(255, 250), Shard(505, 100)]


def test_last_line_counts_shards(simulator: Path, capsys: pytest.CaptureFixture) -> None:
    assert shards.main([str(simulator), "--seeds", "600"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 passed, 1 failed"
    assert "--- seeds 251 to 500 (exit status 1)" in lines
    assert "FAILED seed 260: a rule" in lines


def test_all_is_well(simulator: Path, capsys: pytest.CaptureFixture) -> None:
    assert shards.main([str(simulator), "--first", "1000", "--seeds", "10"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_what_no_shard_has_seen_is_a_case() -> None:
    results = [
        Result(Shard(1, 250), 0, "answer x: 1\nanswer y: 0\nsum"),
        Result(Shard(251, 250), 0, "answer x: 0\nanswer y: 0\nsum"),
    ]
    assert shards.failures(results, shards.SEEDS_THAT_SEE_ALL) == ["--- never seen, although it must be:\nanswer y"]
    assert shards.failures(results, 500) == []


def test_nothing_seen_at_all_is_a_failure() -> None:
    assert shards.failures([Result(Shard(1, 250), 0, "sum")], shards.SEEDS_THAT_SEE_ALL) != []


def test_wrong_numbers_are_refused(simulator: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        shards.main([str(simulator), "--seeds", "-3"])
    assert ended.value.code == 2
    assert "--first, --seeds and --hours are more than 0" in capsys.readouterr().err
