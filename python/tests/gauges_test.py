"""The gauges that workers have for nothing: http.requests, http.open, http.active."""

from __future__ import annotations

from typing import Any

from fectl_worker.runners.gauges import combined, http_gauges
from fectl_worker.testing import FakeSocket
from python.tests.support import Client, each_runner, ready_made


def test_those_of_one_socket_are_those_of_the_worker() -> None:
    web = http_gauges(requests=7, open_connections=3, active=1)
    assert combined([("socket web", web), ("--app x:y", {"jobs": 2})]) == {
        **{"http.requests": 7, "http.open": 3, "http.active": 1},
        "jobs": 2,
    }


def test_those_of_several_sockets_are_summed_and_told_apart() -> None:
    one, two = (http_gauges(requests=n, open_connections=n, active=0) for n in (1, 2))
    assert combined([("socket http", one), ("socket admin", two)]) == {
        **{"http.requests": 3, "http.open": 3, "http.active": 0},
        **{"socket.http.requests": 1, "socket.http.open": 1, "socket.http.active": 0},
        **{"socket.admin.requests": 2, "socket.admin.open": 2, "socket.admin.active": 0},
    }


@each_runner
def test_connections_and_requests_are_counted(kind: str, app: str, argument: str) -> None:
    def gauges(requests: int, connections: int, active: int) -> Any:
        wanted = {"http.requests": requests, "http.open": connections, "http.active": active}
        return lambda data: data is not None and wanted.items() <= data.items()

    with ready_made(kind, sockets={"web": FakeSocket(app, [argument])}, timeout=1) as master:
        master.expect("loaded")
        master.send("start")
        master.expect("hb", where=gauges(0, 0, 0))
        idle, busy = Client(master.address("web")), Client(master.address("web"))
        assert idle.get().status == 200
        busy.send("/held")
        # gevent's count of requests goes up when one begins, the others' when it is answered.
        begun = 2 if kind == "gevent" else 1
        master.expect("hb", where=gauges(begun, 2, 1))
        assert idle.get("/release").status == 200
        busy.receive()
        master.expect("hb", where=gauges(3, 2, 0))
        idle.close()
        busy.close()
        master.expect("hb", where=gauges(3, 0, 0))
        master.stop()
        assert master.wait() == 0
