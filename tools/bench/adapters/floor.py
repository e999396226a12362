"""The least that the job takes (floor.c)."""

from tools.bench import ledger
from tools.bench.adapters.adapter import Adapter


class Floor(Adapter):
    name = "floor"
    ready_record = ledger.STARTED

    def prepare(self) -> None:
        pass

    def command(self) -> list[str]:
        return [str(self.job.programs / "tools/bench/floor"), str(self.job.guest), str(self.job.workers)]
