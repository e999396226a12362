"""The program log_worker.py as a service, and what it is to write."""

import pathlib
from typing import Any

from testdata.e2e.harness import Place

_WORKER = pathlib.Path(__file__).with_name("log_worker.py")


def writer(place: Place, name: str = "web", logs: str = "", **values: Any) -> str:
    place.write("log_worker.py", _WORKER.read_text(encoding="utf-8"))
    return place.service(name, ["/usr/bin/python3", str(place.directory / "log_worker.py"),
                                str(place.directory / f"orders-{name}")], **values) + logs


def order(place: Place, *lines: str, name: str = "web") -> None:
    with open(place.directory / f"orders-{name}", "a", encoding="utf-8") as orders:
        orders.write("".join(line + "\n" for line in lines))
