"""The load generator itself: it excuses what was announced, and nothing else."""

import socket
import threading
from typing import Callable

import pytest

from testdata.e2e.load import Load
from testdata.e2e.processes import wait_until

_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
_LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"
_ERROR = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def _serve(connection: socket.socket, answers: list[bytes]) -> None:
    """Gives these answers, one to each request, and then ends the connection."""
    with connection:
        for answer in answers:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                part = connection.recv(4096)
                if not part:
                    return
                request += part
            connection.sendall(answer)


def _loaded(answers: list[bytes], enough: Callable[[Load], bool], **clients: int) -> Load:
    """The load on a server whose every connection goes like this, when `enough` says so."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_serve, args=(connection, answers), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        with Load(listener.getsockname()[1], **{"busy": 0, "thinking": 0, "single": 0, **clients}) as load:
            wait_until(lambda: enough(load), "enough load")
            load.stop()
        listener.shutdown(socket.SHUT_RDWR)
    return load


@pytest.mark.parametrize("answers", [[_WHOLE] * 10 + [_LAST], [_LAST], [_CHUNKED, _LAST]])
def test_an_announced_end_is_none_of_its_failures(answers: list[bytes]) -> None:
    load = _loaded(answers, lambda load: load.tally.announced_ends > 20, busy=2, thinking=1)
    assert load.tally.failed == 0, load.tally
    assert load.tally.connections > 20


@pytest.mark.parametrize("answers", [[_WHOLE] * 3, [_WHOLE, b""], [_WHOLE, _SHORT], [_ERROR], [_WHOLE, b"HTTP"]])
def test_anything_else_is(answers: list[bytes]) -> None:
    load = _loaded(answers, lambda load: load.tally.failed > 5, busy=1)
    assert load.tally.announced_ends == 0
    # Each connection ended with one failure; the last one may have been ended by the end of the load.
    assert load.tally.connections - 1 <= load.tally.failed <= load.tally.connections


def test_an_end_that_is_seen_in_time_is_excused_where_that_is_wanted() -> None:
    load = _loaded([_WHOLE], lambda load: load.tally.seen_ends + load.tally.failed > 20, busy=1, lenient=True)
    assert load.tally.seen_ends > 0, load.tally
    assert load.tally.connections - 1 <= load.tally.seen_ends + load.tally.failed <= load.tally.connections


def test_single_connections_need_no_announcement() -> None:
    load = _loaded([_WHOLE], lambda load: load.tally.answered > 50, single=3)
    assert load.tally.failed == 0, load.tally
    assert load.tally.connections >= load.tally.answered


def test_nobody_there_is_a_failure() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        with Load(reserved.getsockname()[1], busy=1, thinking=0, single=1) as load:
            wait_until(lambda: load.tally.failed > 5, "failures are counted")
    assert load.tally.answered == 0
