"""The worker's side of the conversation with its master."""

from __future__ import annotations

import collections
import concurrent.futures
import json
import logging
import math
import os
import re
import select
import socket as socket_module
import threading
import weakref
from typing import Any, Callable, Mapping, Optional, Union

from fectl_worker import _native, evidence
from fectl_worker.errors import EnvironmentInvalid, NotManaged

_log = logging.getLogger("fectl_worker")

# Python text may hold halves of UTF-16 pairs ("lone surrogates"), which UTF-8, and so the protocol, cannot express.
# json.loads() of such text from a browser makes them, and so does text that was decoded with "surrogateescape".
_SURROGATES = re.compile("([\ud800-\udbff][\udc00-\udfff])|[\ud800-\udfff]")

# A thread that calls a method waits for the loop for so long at most.
_LOOP_ANSWERS_S = 10.0

# Masters of this level look into workers that hang, others never ask.
_LEVEL_OF_EVIDENCE = 3

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]


class Socket:
    """A listening socket which the master opened and shares with every worker of the service."""

    def __init__(self, native: _native.Socket) -> None:
        self.name: str = native.name
        self.fd: int = native.fd
        self.family: int = native.family
        self.type: int = native.type
        self.protocol: int = native.protocol
        #: The socket's `app` in fectld.toml; empty when it has none.
        self.app: str = native.app
        #: The socket's `arguments` in fectld.toml.
        self.arguments: tuple[str, ...] = tuple(native.arguments)
        self._listener: Optional[socket_module.socket] = None

    def listener(self) -> socket_module.socket:
        """The listener as a socket object, the same one each time. It owns the descriptor from now on.

        It is non-blocking, and accept() may find that another worker took the connection. close() closes this
        process's copy only. Never shutdown() it: that would end listening for all workers. Nor listen() again:
        that would change the backlog for all.
        """
        if self._listener is None:
            self._listener = socket_module.socket(self.family, self.type, self.protocol, fileno=self.fd)
            self._listener.setblocking(False)
        return self._listener

    def __repr__(self) -> str:
        return f"<Socket {self.name!r} fd={self.fd} app={self.app!r}>"


class Lease:
    """What Worker.lease() gives: used in a `with`, it ends the lease behind the block."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def end(self) -> None:
        self._worker.end_lease()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Worker:
    """One process that fectld supervises.

    Set the `on_...` callbacks that you need, initialise, call loaded(), and then call dispatch() whenever
    `poll_fd` can be read or timeout() is over. `fectl_worker.aio` and `fectl_worker.green` do that within asyncio
    and gevent, run() does it for a program without a loop. There is no thread: heartbeats are sent by dispatch(),
    so a program whose loop hangs falls silent, and the master replaces it.

    Started by hand, `managed` is False, there are no sockets, and all methods are allowed and do nothing, but
    send_message(). All methods belong to one thread, unless an aio.Link is open: then any thread may call them.

    Texts may be any Python text: what UTF-8 cannot express is sent as an escape, like \\udc80.
    """

    def __init__(self, native: _native.Worker) -> None:
        self._native = native
        self._events: collections.deque[tuple[str, Union[None, float, str]]] = collections.deque()
        self._on_master_lost: Optional[Callable[[], object]] = None
        #: The sockets of this worker, by name.
        self.sockets: Mapping[str, Socket] = {s.name: Socket(s) for s in native.sockets()}
        #: Begin to serve.
        self.on_start: Optional[Callable[[], object]] = None
        #: Accept nothing more, keep what is open.
        self.on_pause: Optional[Callable[[], object]] = None
        #: Accept again.
        self.on_resume: Optional[Callable[[], object]] = None
        #: Finish what is open and exit with 0, within the given seconds. At most once.
        self.on_stop: Optional[Callable[[float], object]] = None
        #: A message of the application's own (any JSON value).
        self.on_message: Optional[Callable[[Json], object]] = None
        #: For whoever drives dispatch() by a timer: timeout() may have become shorter.
        self.on_timeout_changed: Optional[Callable[[], object]] = None
        self._loop_thread = 0
        self._call_in_loop: Optional[Callable[[Callable[[], object]], object]] = None

    @classmethod
    def from_environment(cls, *, handle_sigterm: bool = True) -> Worker:
        """Takes over the channel to the master. Call it once, early, before there are threads.

        handle_sigterm: the master sends SIGTERM together with its stop. True: the signal also leads to on_stop,
        unless the program has a handler of its own. False: leave it alone.
        Raises EnvironmentInvalid when there is a master but its variables make no sense.
        """
        global _current
        worker = cls._make(None, handle_sigterm)
        _forget_variables()
        _current = weakref.ref(worker)
        if worker.managed and worker.level >= _LEVEL_OF_EVIDENCE:
            evidence.take_part()
        return worker

    @classmethod
    def from_variables(cls, variables: Mapping[str, str], *, handle_sigterm: bool = False) -> Worker:
        """The same from given variables instead of os.environ, for tests."""
        return cls._make(dict(variables), handle_sigterm)

    @classmethod
    def _make(cls, variables: Optional[Mapping[str, str]], handle_sigterm: bool) -> Worker:
        try:
            return cls(_native.Worker(variables, handle_sigterm))
        except _native.WorkerError as error:
            raise EnvironmentInvalid(str(error)) from None

    # --- what this process is ---

    @property
    def managed(self) -> bool:
        """False when the program was started by hand."""
        return self._native.managed

    @property
    def service(self) -> str:
        return self._native.service

    @property
    def index(self) -> int:
        """This worker's place within its service, from 0."""
        return self._native.index

    @property
    def slot(self) -> str:
        """A name like "2-0" that no two living processes of the service share: the index, and the lowest number, from
        0, that no other living process of this index has.

        Names are used again, so files that are named by it do not grow in number. An old master does not tell the
        number: then it is the process's id, as when started by hand.
        """
        lane = self._native.lane
        return f"{self.index}-{lane if lane is not None else os.getpid()}"

    @property
    def level(self) -> int:
        """1: an old master; 2: one that understands status(), gauges and messages; 3: leases, too."""
        return self._native.level

    @property
    def state(self) -> str:
        """loading, loaded, serving, paused or stopping."""
        return self._native.state

    @property
    def master_lost(self) -> bool:
        return self._native.master_lost

    @property
    def time_left(self) -> Optional[float]:
        """Seconds until this process will be killed; None before on_stop."""
        return self._native.time_left

    # --- callbacks ---

    @property
    def on_master_lost(self) -> Optional[Callable[[], object]]:
        """The master is gone: nobody will send commands or replace this worker. None (the default): on_stop is
        called instead, unless it was called before."""
        return self._on_master_lost

    @on_master_lost.setter
    def on_master_lost(self, callback: Optional[Callable[[], object]]) -> None:
        self._on_master_lost = callback
        self._native.hear_of_lost_master(callback is not None)

    # --- the loop's side ---

    @property
    def poll_fd(self) -> int:
        """Poll it for reading, then call dispatch(). -1 when not managed."""
        return self._native.poll_fd

    def timeout(self) -> Optional[float]:
        """Seconds until dispatch() is due anyway; None: not at all. Changes with every call of a method."""
        if self._events:
            return 0.0
        milliseconds = self._native.poll_timeout_ms()
        return None if milliseconds < 0 else milliseconds / 1000

    def dispatch(self) -> None:
        """Reads commands, runs callbacks, sends what is due. Never blocks.

        An exception of a callback comes out here; the commands after it are kept for the next call.
        """
        evidence.note_turn()
        self._events.extend(self._native.dispatch())
        while self._events:
            self._deliver(*self._events.popleft())

    def run(self) -> None:
        """A loop for programs without one: returns after on_stop (or after the loss of the master)."""
        if not self.managed:
            raise NotManaged("Worker.run() needs a master: FECTL_FD is not set")
        poller = select.poll()
        poller.register(self.poll_fd, select.POLLIN)
        while self.state != "stopping" and not self.master_lost:
            timeout = self.timeout()
            poller.poll(None if timeout is None else timeout * 1000)
            self.dispatch()

    def _deliver(self, event: str, value: Union[None, float, str]) -> None:
        if event == "protocol_error":
            _log.error("invalid message from the master: %s", value)
        elif event == "message":
            if self.on_message is not None:
                self.on_message(json.loads(str(value)))
        elif event == "stop":
            if self.on_stop is not None:
                self.on_stop(float(value or 0.0))
        else:
            callback: Optional[Callable[[], object]] = getattr(self, "on_" + event)
            if callback is not None:
                callback()

    def let_threads_in(self, call_in_loop: Optional[Callable[[Callable[[], object]], object]]) -> None:
        """For whoever drives dispatch() in the thread that calls this: methods of the application's side which other
        threads call are given to call_in_loop. None: no more."""
        self._loop_thread = threading.get_ident()
        self._call_in_loop = call_in_loop

    def _do(self, call: Callable[[], object]) -> None:
        call_in_loop = self._call_in_loop
        if call_in_loop is None or threading.get_ident() == self._loop_thread:
            self._do_here(call)
            return
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def do() -> None:
            try:
                self._do_here(call)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        try:
            call_in_loop(do)
        except RuntimeError:
            return  # the loop is closed: the process is about to end
        try:
            done.result(_LOOP_ANSWERS_S)
        except concurrent.futures.TimeoutError:
            pass  # the loop hangs, which the master sees, or has ended

    def _do_here(self, call: Callable[[], object]) -> None:
        call()
        if self.on_timeout_changed is not None:
            self.on_timeout_changed()

    # --- the application's side ---

    def loaded(self) -> None:
        """Initialised: ready for on_start. Heartbeats begin here."""
        self._do(self._native.loaded)

    def heartbeat(self) -> None:
        """Alive. Only for long work which proceeds but does not return to the loop."""
        evidence.note_turn()
        self._do(self._native.heartbeat)

    def request_reload(self) -> None:
        """Asks to be replaced gracefully: a successor is loaded first."""
        self._do(self._native.request_reload)

    def request_restart(self) -> None:
        """Asks to be replaced at once."""
        self._do(self._native.request_restart)

    def config_error(self, text: str) -> None:
        """The configuration is wrong: the operator reads this text. Exit with EXIT_INIT_FAILED after it."""
        self._do(lambda: self._native.config_error(_escaped(text)))

    def status(self, text: str) -> None:
        """One line about what this worker does now, like "warming cache 40 %"."""
        self._do(lambda: self._native.status(_escaped(text)))

    def stopping(self, text: str) -> None:
        """Leaves on purpose, as after N requests: replace me first. Go on serving until on_stop."""
        self._do(lambda: self._native.stopping(_escaped(text)))

    def lease(self, seconds: float, why: str = "", progress: int = 0) -> Lease:
        """Busy: the loop will not come to dispatch() for up to so many seconds, and shall not be taken for hung.

            with worker.lease(60, "model load"):
                model = load()

        `fectl status` shows it. The service's `max_lease` bounds it, and it makes `startup_timeout` longer, too. It
        ends with the `with` block, with end_lease(), or with loaded(). One that goes on is made longer only where
        `progress`, a count of what is done (rows, files, bytes), has grown since: who makes none is stuck. A master
        below level 3 does not know leases, and nothing is sent. ValueError: bad number.
        """
        if not (math.isfinite(seconds) and seconds > 0):
            raise ValueError(f"a lease takes a number of seconds above 0, not {seconds}")
        if not 0 <= progress < 1 << 63:
            raise ValueError(f"a lease's progress is a count from 0, not {progress}")
        self._do(lambda: self._native.lease(seconds, _escaped(why), progress))
        return Lease(self)

    def end_lease(self) -> None:
        """Busy no longer. Nothing happens where there is no lease."""
        self._do(self._native.end_lease)

    def set_gauge(self, name: str, value: float) -> None:
        """A number shown by `fectl status`, sent with the next heartbeat. ValueError: bad name or number."""
        try:
            self._do(lambda: self._native.set_gauge(_escaped(name), value))
        except _native.WorkerError as error:
            raise ValueError(str(error)) from None

    def send_message(self, message: Any) -> None:
        """A message of the application's own, any JSON value of at most 60 KiB.

        WorkerError: code is FAILED_PRECONDITION (NotManaged: no master, or one of level 1), INVALID_ARGUMENT or
        RESOURCE_EXHAUSTED (the master does not read; try later).
        """
        if not self.managed:
            raise NotManaged("there is no master to send a message to")
        text = _json(message)
        self._do(lambda: self._native.send_message(text))


_current: Optional[weakref.ref[Worker]] = None


def current() -> Optional[Worker]:
    """The Worker which from_environment() made in this process, as long as it exists; otherwise None.

    For code that is called by others and was not given the worker, like a WSGI application. A forked child must not
    use it: the channel belongs to its parent.
    """
    return _current() if _current is not None else None


def _forget_variables() -> None:
    """Removes from os.environ what the SDK has removed from the process's environment.

    os.environ is a copy of Python's own. A child started with env=dict(os.environ) would otherwise find the variables
    in it and take itself for a worker.
    """
    for name in [n for n in os.environ if n.startswith("FECTL_") and not _native.is_in_environment(n)]:
        del os.environ[name]


def _escaped(text: str) -> str:
    """The text, with each lone surrogate as the six characters that Python writes for it."""
    return _SURROGATES.sub(_without_surrogates, text)


def _without_surrogates(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1].encode("utf-16", "surrogatepass").decode("utf-16")
    return f"\\u{ord(found[0]):04x}"


def _json(value: Any) -> str:
    text = json.dumps(value)
    if "\\ud" in text:
        # Perhaps a lone surrogate, which is no JSON: with a second backslash the reader gets the escape as text.
        text = _SURROGATES.sub(
            lambda found: "\\" + _without_surrogates(found) if found[1] is None else _without_surrogates(found),
            json.dumps(value, ensure_ascii=False),
        )
    return text
