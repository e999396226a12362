"""An application of its own kind for the asyncio worker: app = "echo:Echo"."""

import asyncio
import socket

import fectl_worker
from fectl_worker.aio import Acceptor


class Echo:
    """Gives back every line. A connection in the middle of a line may finish it when the service stops."""

    def __init__(self, worker: fectl_worker.Worker, socket: fectl_worker.Socket, arguments: list[str]) -> None:
        if arguments not in ([], ["shout"]):
            raise fectl_worker.ConfigError(f"arguments: {arguments} are not understood; allowed is shout")
        self._shouts = arguments == ["shout"]
        self._acceptor = Acceptor(asyncio.get_running_loop(), socket.listener(), self._take)
        self._connections: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    # What the worker calls; all four are optional, and each may be a coroutine.

    def start(self) -> None:
        self._acceptor.resume()

    def pause(self) -> None:
        self._acceptor.pause()

    def resume(self) -> None:
        self._acceptor.resume()

    async def stop(self) -> None:
        """Returns when everything is finished; whatever takes longer than `shutdown_timeout` is killed."""
        self._acceptor.close()
        self._stopping.set()
        if self._connections:
            await asyncio.wait(self._connections)

    def gauges(self) -> dict[str, float]:
        """Shown by `fectl status`."""
        return {"connections": len(self._connections)}

    def _take(self, connection: socket.socket) -> None:
        task = asyncio.create_task(self._serve(connection))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                line = asyncio.create_task(reader.readline())
                await asyncio.wait({line, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not line.done():
                    # Told to stop while no whole line is there: a short time for the rest of one.
                    await asyncio.wait({line}, timeout=0.5)
                if not line.done() or not line.result():
                    line.cancel()
                    break
                writer.write(line.result().upper() if self._shouts else line.result())
                await writer.drain()
        finally:
            stopping.cancel()
            writer.close()
