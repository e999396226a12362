"""What the tests of the ASGI runner in worker processes share."""

from __future__ import annotations

import contextlib
from typing import Iterator

from fectl_worker.testing import FakeMaster, FakeSocket
from python.tests.support import Client, ready_made


@contextlib.contextmanager
def serving(
    *arguments: str,
    app: str = "asgi_shop:app",
    loop: str = "asyncio",
    listener: FakeSocket | None = None,
    started: bool = True,
    **options: object,
) -> Iterator[FakeMaster]:
    """A worker of its own that serves the application on the socket `http`."""
    given = listener or FakeSocket()
    given.app, given.arguments = "asgi", [f"app={app}", *arguments]
    with ready_made("asyncio", "--loop", loop, sockets={"http": given}, **options) as master:
        master.expect("loaded")
        if started:
            master.send("start")
        yield master


def stop_and_see_it_heard(master: FakeMaster, probe: Client) -> None:
    """Uses up the probe, an open keep-alive connection: its first answer that says `close` shows the drain."""
    master.stop()
    while not (answer := probe.get()).closes:
        assert answer.status == 200
    assert answer.status == 200
    assert probe.at_end()
    probe.close()


def opened(master: FakeMaster, count: int) -> list[Client]:
    """Keep-alive connections which the worker has accepted."""
    clients = [Client(master.address("http")) for _ in range(count)]
    for client in clients:
        assert client.get().status == 200
    return clients


UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Chat(Client):
    """A websocket which knows only as much as the tests need: short text frames and the close frame."""

    def __init__(self, address: object) -> None:
        super().__init__(address)
        self.send("/chat", headers=UPGRADE)
        assert self.receive_head().status == 101

    def say(self, text: str) -> None:
        # Masked with zeros.
        self.socket.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode())

    def hear(self) -> str | int:
        """A text, or the code of a close frame."""
        kind, size = self._exactly(2)
        data = self._exactly(size)
        if kind == 0x81:
            return data.decode()
        assert kind == 0x88, hex(kind)
        return int.from_bytes(data[:2], "big")
