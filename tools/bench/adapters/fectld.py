"""fectld, ready when every worker has said `loaded` and heard `start`."""

import json

from tools.bench import ledger
from tools.bench.adapters.adapter import Adapter


def toml_section(name: str, values: dict[str, object]) -> str:
    # JSON's strings, numbers and arrays of them are TOML's.
    return "\n".join([name, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), "", ""])


class Fectld(Adapter):
    name = "fectld"
    ready_record = ledger.STARTED

    def config(self) -> str:
        # Silent guests must not count as dead.
        timeout = 10 if self.job.beat_ms else 3600
        service = {
            "name": "bench",
            "num": self.job.workers,
            "command": [str(self.job.guest)],
            "timeout": timeout,
            "environ": [f"{name}={value}" for name, value in self.job.guest_environment.items()],
        }
        master = toml_section("[master]", {"sock": str(self.socket)})
        return master + toml_section("[[service]]", service)

    @property
    def socket(self) -> str:
        return str(self.job.folder / "sock")

    def prepare(self) -> None:
        (self.job.folder / "fectld.toml").write_text(self.config(), encoding="utf-8")
        (self.job.folder / "fectld.toml").chmod(0o644)

    def command(self) -> list[str]:
        return [str(self.job.programs / "master/fectld"), "-c", str(self.job.folder / "fectld.toml")]

    def client(self, *words: str) -> list[str]:
        return [str(self.job.programs / "client/fectl"), "--sock", self.socket, *words]
