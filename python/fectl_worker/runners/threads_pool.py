"""The threads of a WSGI application, and how a request goes through one of them."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import logging
import threading
from time import monotonic
from typing import Any, BinaryIO, Callable, Iterable, Optional

from fectl_worker.runners.threads_answer import Answer, Head, error_head

__all__ = ["Application", "ClientIsGone", "Exchange", "Pool"]

_log = logging.getLogger("fectl_worker")

Application = Callable[..., Iterable[bytes]]

# A thread is this many bytes ahead of its client at most, and what the transport and the kernel hold besides.
AHEAD_BYTES = 256 * 1024

_SERVER_ERROR = b"Internal Server Error\n"


class ClientIsGone(ConnectionError):
    """Raised in the application's thread where it gives a piece of an answer which nobody can get any more."""


class Piece:
    """What the thread gives the loop to send. failed: the application failed after the head was sent."""

    __slots__ = ("head", "data", "is_last", "failed")

    def __init__(self, head: Optional[Head], data: bytes, is_last: bool, failed: bool = False) -> None:
        self.head = head
        self.data = data
        self.is_last = is_last
        self.failed = failed


class Exchange:
    """One request and its answer, between the loop and a thread.

    Each counter is written by one side only, and single appends and pops of a deque need no lock.
    """

    def __init__(self, environ: dict[str, Any], body: BinaryIO) -> None:
        self.environ = environ
        # Of their own: the environ is the application's, which may change it.
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"]
        self.body = body
        self.context = contextvars.copy_context()
        # From the thread to the loop.
        self.pieces: collections.deque[Piece] = collections.deque()
        self.is_done = False
        self._given = 0
        # From the loop to the thread.
        self._taken = 0
        self.is_gone = False
        # The thread waits for it; it is the thread's own, and there from the first piece on.
        self.room: Optional[threading.Condition] = None
        # The loop waits for it.
        self._news: Optional[asyncio.Future[None]] = None

    # --- in the loop ---

    async def news(self) -> None:
        """Until the thread has said something; also now and then without a reason."""
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def taken(self, piece: Piece) -> None:
        """The piece is sent: the thread may give more."""
        self._taken += len(piece.data)
        self._wake_thread()

    def gone(self) -> None:
        """Nobody waits for the answer any more."""
        self.is_gone = True
        self._wake_thread()

    def _wake_thread(self) -> None:
        if self.room is not None:
            with self.room:
                self.room.notify()

    # --- in the thread ---

    def has_room(self) -> bool:
        return self.is_gone or self._given - self._taken <= AHEAD_BYTES

    def put(self, piece: Piece) -> None:
        self._given += len(piece.data)
        self.pieces.append(piece)


class Pool:
    """Threads that call a WSGI application. Its methods belong to the loop.

    The threads are daemons and nobody joins them: a thread that hangs does not keep the process from its end.
    """

    def __init__(self, application: Application, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._application = application
        # Guards these. A queue.SimpleQueue, for one, wakes more than one thread for each job.
        self._mutex = threading.Lock()
        self._waiting: collections.deque[Exchange] = collections.deque()
        # The last to become idle is the first to work: its caches are warm, and so is its database connection.
        self._idle: list[Thread] = []
        # It was woken and does not run yet. It wakes the next one, so that few threads wait for the GIL at once.
        self._waking: Optional[Thread] = None
        self._has_ended = False
        self._news: collections.deque[Exchange] = collections.deque()
        self._has_told = False
        self._open = 0
        self.threads = [Thread(self, number + 1) for number in range(size)]
        #: Called in the loop when a request has come, and when one that a thread had has ended.
        self.on_begin: Callable[[], object] = lambda: None
        self.on_end: Callable[[], object] = lambda: None

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Ends the threads which have nothing to do. The others end after their request, or with the process."""
        with self._mutex:
            self._has_ended = True
            for thread in self._idle:
                thread.wake()
            self._idle.clear()

    @property
    def open(self) -> int:
        """Requests which a thread has or which wait for one."""
        return self._open

    def submit(self, exchange: Exchange) -> None:
        self._open += 1
        with self._mutex:
            self._waiting.append(exchange)
            self._wake_one()
        self.on_begin()

    def ended(self) -> None:
        """To be called once for each submitted exchange that was not withdrawn, when nothing waits for it any more."""
        self._open -= 1
        self.on_end()

    def withdraw(self, exchange: Exchange) -> bool:
        """Takes back what no thread has begun. False: too late. Nothing ends by it: no thread is freer than before."""
        with self._mutex:
            if exchange not in self._waiting:
                return False
            self._waiting.remove(exchange)
        self._open -= 1
        return True

    def wake_waiting(self) -> None:
        """For those whose requests wait for a thread to look whether they are to withdraw them."""
        with self._mutex:
            waiting = list(self._waiting)
        for exchange in waiting:
            exchange.wake()

    def _wake_one(self) -> None:
        if self._waking is None and self._idle:
            self._waking = self._idle.pop()
            self._waking.wake()

    # --- in a thread ---

    def next(self, thread: Thread) -> Optional[Exchange]:
        """Waits for a request, and takes the one that waits longest. None: the thread is to end."""
        while True:
            with self._mutex:
                if self._waking is thread:
                    self._waking = None
                if self._waiting:
                    exchange = self._waiting.popleft()
                    if self._waiting:
                        self._wake_one()
                    return exchange
                if self._has_ended:
                    return None
                self._idle.append(thread)
            thread.sleep()

    def serve(self, exchange: Exchange, output: Thread) -> None:
        environ = exchange.environ
        answer = Answer(output, to_head=exchange.method == "HEAD")
        try:
            pieces = self._application(environ, answer.start_response)
            close = getattr(pieces, "close", None)
            # Then there is nothing to do between the last piece and the end: the loop is told of both at once.
            output.tells = close is not None or not isinstance(pieces, (list, tuple))
            try:
                answer.send(pieces)
            finally:
                if close is not None:
                    close()
        except ClientIsGone:
            pass
        except BaseException:
            # Also SystemExit and the like: an exception of a request must not end the thread.
            _log.exception("%s %s failed", exchange.method, exchange.path)
            if not answer.is_complete:
                self._put_failure(exchange, answer)

    def _put_failure(self, exchange: Exchange, answer: Answer) -> None:
        if answer.is_sent:
            exchange.put(Piece(None, b"", is_last=True, failed=True))
        else:
            exchange.put(Piece(error_head(500, _SERVER_ERROR), _SERVER_ERROR, is_last=True))

    def tell(self, exchange: Exchange) -> None:
        """Has the loop look at the exchange. The loop is woken once for all that is told before it looks."""
        self._news.append(exchange)
        if not self._has_told:
            self._has_told = True
            try:
                self._loop.call_soon_threadsafe(self._look_at_news)
            except RuntimeError:
                # The loop is closed: the process is about to end.
                exchange.is_gone = True

    def _look_at_news(self) -> None:
        self._has_told = False
        while self._news:
            self._news.popleft().wake()


class Thread(threading.Thread):
    """One thread of the pool, and where the application's answer goes."""

    def __init__(self, pool: Pool, number: int) -> None:
        super().__init__(name=f"wsgi-{number}", daemon=True)
        self._pool = pool
        self._is_woken = threading.Lock()
        self._is_woken.acquire()
        #: What it serves.
        self.exchange: Optional[Exchange] = None
        self._room = threading.Condition()
        #: Since when the application has worked without giving anything; None: it does not work now.
        self.since: Optional[float] = None
        #: Whether the loop is told of the last piece before the application has returned.
        self.tells = True

    def wake(self) -> None:
        self._is_woken.release()

    def sleep(self) -> None:
        """Until wake(), which may have been called already."""
        self._is_woken.acquire()

    def run(self) -> None:
        while (exchange := self._pool.next(self)) is not None:
            self._serve(exchange)
            # Nothing of a request is kept while the thread waits for the next one.
            del exchange

    def _serve(self, exchange: Exchange) -> None:
        exchange.room = self._room
        self.exchange = exchange
        self.since = monotonic()
        self.tells = True
        try:
            exchange.context.run(self._pool.serve, exchange, self)
            exchange.body.close()
        finally:
            self.since = self.exchange = None
            exchange.is_done = True
            self._pool.tell(exchange)

    def give(self, head: Optional[Head], data: bytes, is_last: bool) -> None:
        exchange = self.exchange
        assert exchange is not None
        if exchange.is_gone:
            raise ClientIsGone("the client has closed its connection")
        exchange.put(Piece(head, data, is_last))
        if self.tells or not is_last:
            self._pool.tell(exchange)
        if not is_last and not exchange.has_room():
            self.since = None
            with self._room:
                self._room.wait_for(exchange.has_room)
            # Also what the application does about a client that has left counts as its work.
            self.since = monotonic()
            if exchange.is_gone:
                raise ClientIsGone("the client has closed its connection")
        self.since = monotonic()
