"""Constant HTTP load, and an exact account of what went wrong.

Three kinds of clients run until they are stopped: some keep their connection and ask again at once, some keep it and
think between two requests, some make a connection for each request. The only excuse for a connection that ends is
that the server announced it: `Connection: close` in the answer before. Anything else that is not a whole answer with
status 200 is a failure: refused, reset, ended early, a short body, another status, silence.

By hand: load.py PORT [SECONDS]
"""

import asyncio
import dataclasses
import random
import sys
import threading
import time

ANSWER_SECONDS_MAX = 60
SHOWN_MAX = 20


@dataclasses.dataclass
class Tally:
    """What happened. `failures` holds the first few in words; `failed` counts all."""

    answered: int = 0
    connections: int = 0
    announced_ends: int = 0
    seen_ends: int = 0
    failed: int = 0
    worst_seconds: float = 0.0
    failures: list[str] = dataclasses.field(default_factory=list)

    def fail(self, words: str) -> None:
        self.failed += 1
        if len(self.failures) < SHOWN_MAX:
            self.failures.append(words)


class Failure(Exception):
    """One request that was not answered as it should be."""


async def _read_answer(reader: asyncio.StreamReader) -> bool:
    """Reads one whole answer. True: the server announced that it ends the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    if status.split(" ")[1] != "200":
        raise Failure(f"answered {status!r}")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while True:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            await reader.readexactly(size + 2)
            if size == 0:
                break
    elif "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    else:
        raise Failure(f"an answer of unknown length: {head!r}")
    return headers.get("connection", "").lower() == "close" or status.startswith("HTTP/1.0")


class Load:
    """Runs in a thread of its own between start() and stop(). `lenient`: the end of a connection that the client sees
    before its next request is no failure either."""

    def __init__(self, port: int, *, path: str = "/", busy: int = 3, thinking: int = 4, single: int = 3,
                 lenient: bool = False) -> None:
        self.tally = Tally()
        self._lenient = lenient
        self._port = port
        self._path = path
        self._clients = [(True, False)] * busy + [(True, True)] * thinking + [(False, False)] * single
        self._stop = False
        self._random = random.Random(port)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def stop(self) -> Tally:
        self._stop = True
        if self._thread.is_alive():
            self._thread.join()
        return self.tally

    async def _run(self) -> None:
        await asyncio.gather(*(self._client(number, *kind) for number, kind in enumerate(self._clients)))

    async def _client(self, number: int, keep: bool, think: bool) -> None:
        # Addresses of its own: thousands of connections a second must not use up the ports of one.
        address = f"127.0.0.{2 + number}"
        while not self._stop:
            try:
                await self._connection(address, keep, think)
            except (OSError, EOFError, asyncio.TimeoutError, Failure) as problem:
                self.tally.fail(f"{'kept' if keep else 'single'} connection: {type(problem).__name__}: {problem}")
                await asyncio.sleep(0.01)

    async def open(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from this address; for loads of another kind to be replaced."""
        return await asyncio.open_connection("127.0.0.1", self._port, local_addr=(address, 0))

    async def _connection(self, address: str, keep: bool, think: bool) -> None:
        reader, writer = await self.open(address)
        self.tally.connections += 1
        wanted = "keep-alive" if keep else "close"
        request = f"GET {self._path} HTTP/1.1\r\nHost: test\r\nConnection: {wanted}\r\n\r\n".encode()
        done = 0
        try:
            while not self._stop:
                began = time.monotonic()
                if self._lenient and reader.at_eof():
                    self.tally.seen_ends += 1
                    return
                try:
                    writer.write(request)
                    ends = await asyncio.wait_for(_read_answer(reader), ANSWER_SECONDS_MAX)
                except (OSError, EOFError, asyncio.TimeoutError, Failure) as problem:
                    raise Failure(f"{type(problem).__name__}: {problem} (after {done} answers)") from problem
                self.tally.answered += 1
                self.tally.worst_seconds = max(self.tally.worst_seconds, time.monotonic() - began)
                done += 1
                if not keep:
                    return
                if ends:
                    self.tally.announced_ends += 1
                    return
                # A hair of a pause also for the busy: the load shares two slow cores with what it loads.
                await asyncio.sleep(self._random.uniform(0, 0.05) if think else 0.001)
        finally:
            writer.close()


def main() -> int:
    load = Load(int(sys.argv[1]))
    with load:
        try:
            time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 10)
        except KeyboardInterrupt:
            pass
    print(load.tally)
    return 1 if load.tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
