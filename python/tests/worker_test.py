"""The typed face: fectl_worker.Worker and fectl_worker.aio.Link over real pipes, in this process."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
from typing import Any, Optional

import fectl_worker
import pytest
from fectl_worker import aio
from fectl_worker.testing import open_listener

from python.tests.pipes_support import pipes


def is_readable(fd: int) -> bool:
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


def test_without_a_master_everything_is_allowed_and_does_nothing() -> None:
    worker = fectl_worker.Worker.from_variables({})
    assert not worker.managed
    assert (worker.service, worker.index, worker.sockets) == ("", 0, {})
    assert (worker.poll_fd, worker.timeout(), worker.time_left) == (-1, None, None)
    worker.dispatch()
    worker.loaded()
    worker.heartbeat()
    worker.request_reload()
    worker.request_restart()
    worker.config_error("x")
    worker.status("x")
    worker.stopping("x")
    with worker.lease(1, "x"):
        pass
    worker.set_gauge("x", 1)
    with pytest.raises(fectl_worker.NotManaged):
        worker.send_message("x")
    with pytest.raises(fectl_worker.NotManaged):
        worker.run()


def test_who_it_is() -> None:
    with pipes() as master:
        worker = master.worker
        assert (worker.managed, worker.service, worker.index, worker.level) == (True, "shop", 2, 3)
        assert (worker.state, worker.master_lost) == ("loading", False)


def test_under_a_master_of_a_later_level_it_speaks_its_own() -> None:
    with pipes(level=4) as master:
        assert master.worker.level == 3
        master.worker.loaded()
        master.worker.send_message([1])
        assert [m for m in master.said() if m[0] in ("loaded", "msg")] == [("loaded", {"proto": 3}), ("msg", [1])]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"FECTL_FD": "nonsense", "FECTL_SRV_NAME": "x", "FECTL_PROC_IDX": "0"}, "FECTL_FD"),
        ({"FECTL_FD": "98765:98766", "FECTL_SRV_NAME": "x", "FECTL_PROC_IDX": "0"}, "FECTL_FD"),
        ({"FECTL_FD": "0:1", "FECTL_PROC_IDX": "0"}, "FECTL_SRV_NAME"),
    ],
)
def test_an_environment_that_makes_no_sense_is_named(variables: dict[str, str], named: str) -> None:
    with pytest.raises(fectl_worker.EnvironmentInvalid, match=named):
        fectl_worker.Worker.from_variables(variables)


def test_commands_become_callbacks_in_their_order() -> None:
    with pipes() as master:
        master.worker.loaded()
        assert "loaded" in [m if isinstance(m, str) else m[0] for m in master.said()]
        assert not is_readable(master.worker.poll_fd)
        master.send("start", "pause", "resume")
        master.send("msg", data={"to": ["you", 1, None]})
        master.send("stop")
        assert is_readable(master.worker.poll_fd)
        master.worker.dispatch()
        message = ("message", {"to": ["you", 1, None]})
        assert master.calls == ["start", "pause", "resume", message, ("stop", 30)]
        assert master.worker.state == "stopping"
        left = master.worker.time_left
        assert left is not None and 0 < left <= 30
        assert not is_readable(master.worker.poll_fd)


def test_an_exception_of_a_callback_comes_out_and_loses_no_command() -> None:
    with pipes() as master:
        master.worker.loaded()

        def fail() -> None:
            raise LookupError("on_pause")

        master.worker.on_pause = fail
        master.send("start", "pause", "resume")
        with pytest.raises(LookupError):
            master.worker.dispatch()
        assert master.worker.timeout() == 0
        master.worker.dispatch()
        assert master.calls == ["start", "resume"]


def test_callbacks_may_be_missing() -> None:
    with pipes() as master:
        worker = master.worker
        worker.on_start = worker.on_pause = worker.on_resume = worker.on_stop = worker.on_message = None
        worker.loaded()
        master.send("start", "pause", "resume")
        master.send("msg", data=1)
        master.send("stop")
        worker.dispatch()
        assert worker.state == "stopping"


def test_what_the_worker_says() -> None:
    with pipes() as master:
        worker = master.worker
        worker.loaded()
        master.said()
        worker.status("warming cache 40 %")
        worker.request_reload()
        worker.request_restart()
        worker.stopping("enough")
        worker.config_error("naïve ☃")
        worker.send_message({"n": 1.5})
        assert master.said() == [
            ("status", "warming cache 40 %"),
            "reload",
            "restart",
            ("stopping", "enough"),
            ("cfgerror", "naïve ☃"),
            ("msg", {"n": 1.5}),
        ]


def test_gauges_go_with_a_heartbeat() -> None:
    with pipes() as master:
        master.worker.loaded()
        master.said()
        master.worker.set_gauge("queue.depth", 3)
        master.worker.heartbeat()
        assert master.said() == [("hb", {"queue.depth": 3})]
        for name, value in (("a b", 1.0), ("ok", float("nan"))):
            with pytest.raises(ValueError):
                master.worker.set_gauge(name, value)


def test_messages_need_a_master_of_level_2() -> None:
    with pipes(level=1) as master:
        master.worker.loaded()
        with pytest.raises(fectl_worker.WorkerError) as caught:
            master.worker.send_message("x")
        assert caught.value.code == "FAILED_PRECONDITION"


def test_a_message_that_is_too_large_is_refused() -> None:
    with pipes() as master:
        with pytest.raises(fectl_worker.WorkerError) as caught:
            master.worker.send_message("x" * 100_000)
        assert caught.value.code == "INVALID_ARGUMENT"


def test_a_lost_master_is_a_stop_unless_somebody_wants_to_know() -> None:
    with pipes() as master:
        master.worker.loaded()
        master.vanish()
        master.worker.dispatch()
        assert master.calls == [("stop", 30)]
        assert (master.worker.master_lost, master.worker.state) == (True, "stopping")
    with pipes() as master:
        master.worker.loaded()
        master.worker.on_master_lost = lambda: master.calls.append("lost")
        master.vanish()
        master.worker.dispatch()
        assert master.calls == ["lost"]


def test_a_master_that_talks_nonsense_is_lost_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with pipes() as master:
        master.worker.loaded()
        master.send_bytes(b"\x00\x04no!!")
        master.worker.dispatch()
        assert master.worker.master_lost
        assert "cannot be understood" in caplog.text


def test_sockets_are_listeners_of_this_process() -> None:
    listener = open_listener()
    fd = os.dup(listener.fileno())
    with pipes(
        FECTL_FD_http=f"{fd},FAMILY:2,SOCKETTYPE:1,PROTO:6", FECTL_APP_http="aiohttp", FECTL_ARGS_http='["app=a:b"]'
    ) as master:
        given = master.worker.sockets["http"]
        assert (given.name, given.fd, given.family, given.type, given.protocol) == ("http", fd, 2, 1, 6)
        assert (given.app, given.arguments) == ("aiohttp", ("app=a:b",))
        copy = given.listener()
        assert copy is given.listener()
        with socket.create_connection(listener.getsockname()) as client:
            connection, address = copy.accept()
            assert address == client.getsockname()
            connection.close()
        with pytest.raises(BlockingIOError):
            copy.accept()
        copy.close()
        # The master's copy goes on listening.
        socket.create_connection(listener.getsockname()).close()
    listener.close()


def test_run_returns_after_stop() -> None:
    with pipes() as master:
        master.worker.loaded()
        master.send("start", "stop")
        master.worker.run()
        assert master.calls == ["start", ("stop", 30)]


# --- asyncio ---


def in_loop(name: str, main: Any) -> None:
    loop: asyncio.AbstractEventLoop
    if name == "uvloop":
        uvloop = pytest.importorskip("uvloop")
        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(asyncio.wait_for(main(), 60))
    finally:
        loop.close()


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_link_hears_commands_and_sends_heartbeats(loop: str) -> None:
    with pipes(timeout=0.2) as master:

        async def main() -> None:
            with aio.Link(master.worker):
                heard: list[Any] = []
                await asyncio.sleep(0)
                # Before loaded() there is nothing to say, and the timer of the heartbeats begins with it.
                assert master.said() == []
                master.worker.loaded()
                await until(lambda: heard.extend(master.said()) or heard.count("hb") >= 3)
                master.send("start")
                await until(lambda: master.calls == ["start"])
            master.send("pause")
            # Closed, it is no longer the loop's.
            master.said()
            await asyncio.sleep(0.2)
            assert master.said() == []
            assert master.calls == ["start"]

        in_loop(loop, main)


def test_link_takes_what_came_before_it_was_opened() -> None:
    with pipes() as master:

        async def main() -> None:
            master.worker.loaded()
            master.send("start")
            with aio.Link(master.worker):
                await until(lambda: master.calls == ["start"])

        in_loop("asyncio", main)


def test_link_gives_exceptions_of_callbacks_to_the_loop_and_goes_on() -> None:
    with pipes() as master:

        async def main() -> None:
            problems: list[Any] = []
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))

            def fail() -> None:
                raise LookupError("on_start")

            master.worker.on_start = fail
            with aio.Link(master.worker):
                master.worker.loaded()
                master.send("start", "pause")
                await until(lambda: master.calls == ["pause"])
            assert isinstance(problems[0]["exception"], LookupError)

        in_loop("asyncio", main)


def test_link_without_a_master_does_nothing() -> None:
    async def main() -> None:
        worker = fectl_worker.Worker.from_variables({})
        turns: list[Optional[int]] = []
        link = aio.Link(worker)
        link.before_dispatch = lambda: turns.append(None)
        with link:
            worker.loaded()
            await asyncio.sleep(0)
        assert turns == []

    in_loop("asyncio", main)


class _Listener:
    """Fails as told, then accepts as the listener that it stands for."""

    def __init__(self, real: socket.socket, *errors: OSError) -> None:
        self._real = real
        self._errors = list(errors)

    def accept(self) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return self._real.accept()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.EINVAL, errno.EAGAIN, errno.ECONNABORTED])
def test_acceptor_gets_over_what_goes_wrong(loop: str, number: int) -> None:
    async def main() -> None:
        with open_listener() as real:
            real.setblocking(False)
            taken: list[socket.socket] = []
            listener: Any = _Listener(real, OSError(number, "as told"))
            acceptor = aio.Acceptor(asyncio.get_running_loop(), listener, taken.append)
            acceptor.resume()
            with socket.create_connection(real.getsockname()):
                await until(lambda: taken)
                taken[0].close()
            acceptor.close()

    in_loop(loop, main)


def test_acceptor_accepts_nothing_while_paused() -> None:
    async def main() -> None:
        with open_listener() as real:
            real.setblocking(False)
            taken: list[socket.socket] = []
            listener: Any = _Listener(real, OSError(errno.EMFILE, "as told"))
            acceptor = aio.Acceptor(asyncio.get_running_loop(), listener, taken.append)
            acceptor.resume()
            with socket.create_connection(real.getsockname()):
                # It has met the error, and would try again.
                await until(lambda: not listener._errors)
                acceptor.pause()
                await asyncio.sleep(0.3)
                assert taken == []
                acceptor.resume()
                await until(lambda: taken)
                taken[0].close()
            acceptor.close()
            acceptor.close()

    in_loop("asyncio", main)


def test_SURROGATE_every_text_to_the_master_is_escaped() -> None:
    with pipes() as master:
        worker = master.worker
        worker.status("half \udc80")
        worker.stopping("half \ud83d.")
        worker.config_error("both halves \ud83d\ude00")
        worker.send_message({"na\udc80me": ["\ud83d", "\ud83d\ude00", "\\ud83d", "ä"]})
        with pytest.raises(ValueError):
            worker.set_gauge("na\udc80me", 1)
        assert master.said() == [
            ("status", "half \\udc80"),
            ("stopping", "half \\ud83d."),
            ("cfgerror", "both halves \U0001f600"),
            ("msg", {"na\\udc80me": ["\\ud83d", "\U0001f600", "\\ud83d", "ä"]}),
        ]
