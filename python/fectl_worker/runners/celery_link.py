"""The master's word in celery's own loop: a bootstep of the consumer.

Celery calls no code of ours while it connects to the broker, and runs one of two loops when it is connected: an
event loop ("hub", for Redis and AMQP without greenlets), or calls of drain_events() in turn (all other transports, and
the pools gevent and eventlet). The link looks at the master in all three, always in the thread of the consumer, so that
a consumer which hangs falls silent.
"""

from __future__ import annotations

import functools
import logging
import select
import time
import weakref
from typing import Any, Callable, Optional

import kombu
from celery import bootsteps, signals
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer
from celery.worker.request import Request
from kombu.asynchronous import Hub
from kombu.asynchronous.semaphore import LaxBoundedSemaphore
from kombu.transport import virtual

from fectl_worker.errors import ConfigError
from fectl_worker.worker import Worker

__all__ = ["CELERY_NAMES", "Link", "link_step", "members", "mend_giving_back"]

_log = logging.getLogger("fectl_worker")

#: What is used below and in celery_worker.py and is not promised by celery's documentation.
CELERY_NAMES: tuple[tuple[object, tuple[str, ...]], ...] = (
    (state, ("active_requests", "maybe_shutdown", "requests", "reserved_requests", "should_stop")),
    (state, ("should_terminate", "total_count")),
    (Request, ("_apply_result",)),
    (LaxBoundedSemaphore, ("clear",)),
    (WorkController, ("semaphore",)),
    (Consumer, ("add_task_queue", "cancel_task_queue", "ensure_connected", "perform_pending_operations")),
    (Hub, ("add_reader", "call_later", "remove_reader")),
    (virtual.QoS, ("ack", "can_consume")),
    (kombu.Connection, ("as_uri", "drain_events", "ensure_connection")),
)

# A loop without a hub looks at the master this often; celery alone would wait for two seconds at a time.
_TURN_S = 0.5
# While a stop waits for running tasks, each loop looks this often.
_STOPPING_TURN_S = 0.1
# No task runs: for so long none has been running, since not every pool shows what it was given.
_QUIET_S = 0.5
# So long before the master's SIGKILL running tasks are cut off, for their messages to be given back to the broker.
_CUT_OFF_S = 1.5


class Link:
    """One for each process; the bootstep that celery makes of link_step() calls it."""

    def __init__(self, worker: Worker, broker_timeout: float) -> None:
        """broker_timeout: seconds from the first attempt on for which the broker may be missing at the start."""
        self._worker = worker
        self._broker_timeout = broker_timeout
        self._give_up_at: Optional[float] = None
        # The status of the worker is about the broker.
        self._told_of_broker = False
        self._asked_for_successor = False
        self._consumer: Any = None
        self._timer: Any = None
        self._is_started = False
        self._is_paused = False
        # The names of the queues that a pause took away.
        self._held: list[str] = []
        worker.on_start = self._start
        worker.on_pause = self._pause
        worker.on_resume = self._resume
        worker.on_stop = lambda _seconds: self.stop()
        self._quiet_since = 0.0
        # Tasks that ran when a connection was lost. Celery forgets them then: that they end is never noticed, and the
        # broker gives their messages to another worker.
        self._forgotten: weakref.WeakSet[Any] = weakref.WeakSet()
        # SIGTERM came. A handler of signals must do no more than note it.
        self._is_terminated = False
        #: A stop was asked for.
        self.is_stopping = False

    # --- celery's side: the bootstep ---

    def prepare(self, consumer: Any) -> None:
        """Before it connects for the first time."""
        ensure_connected = consumer.ensure_connected
        consumer.ensure_connected = lambda connection: ensure_connected(self._watched(connection))

    def connected(self, consumer: Any) -> None:
        """The broker is there and the queues are declared; no message is taken yet. After a lost connection: again."""
        self._consumer = consumer
        mend_giving_back(consumer.task_consumer.channel)
        if self._told_of_broker:
            self._told_of_broker = False
            self._worker.status("")
        self._forgotten.update(members(state.active_requests))
        if self._worker.state == "loading":
            self._worker.loaded()
        elif not self._asked_for_successor:
            # Celery 5.2 with Redis now and then consumes nothing any more on a connection that was made again, without
            # a word. A new process is sure to.
            self._asked_for_successor = True
            self._worker.stopping("the connection to the broker was lost and made again")
        self._await_start()
        self._hold_or_release()
        if consumer.hub is not None:
            self._follow_in_hub(consumer.hub)
        else:
            self._follow_in_drain(consumer.connection)

    def disconnected(self, consumer: Any) -> None:
        """The connection is lost, or the consumer ends."""
        self._consumer = None
        self._worker.on_timeout_changed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if consumer.hub is not None:
            consumer.hub.remove_reader(self._worker.poll_fd)

    def ended(self, consumer: Any) -> None:
        """All tasks are finished; the connection is closed next."""
        # Late acknowledgements of tasks that were finished after the loop's end: celery before 5.5 forgets them, and
        # with a loop without a hub these tasks would be executed again.
        consumer.perform_pending_operations()

    # --- the three places in which the master's commands are read ---

    def turn(self) -> None:
        worker = self._worker
        active = len(members(state.active_requests) - set(self._forgotten))
        worker.set_gauge("tasks.active", active)
        worker.set_gauge("tasks.waiting", max(0, len(state.requests) - active))
        worker.set_gauge("tasks.total", sum(state.total_count.values()))
        worker.dispatch()
        if self._is_terminated:
            self.stop()
        if self.is_stopping:
            self._shut_down_when_quiet(self._tasks_of_pool())

    def _tasks_of_pool(self) -> int:
        """Celery calls a task active only when its process of the pool has said so, which on a busy machine comes late:
        a shutdown until then loses its acknowledgement."""
        given = {request for request in members(state.reserved_requests) if request._apply_result is not None}
        return len((given | members(state.active_requests)) - set(self._forgotten))

    def _follow_in_hub(self, hub: Any) -> None:
        hub.add_reader(self._worker.poll_fd, self._turn_of_hub, hub)
        self._worker.on_timeout_changed = functools.partial(self._arm, hub)
        self._turn_of_hub(hub)

    def _turn_of_hub(self, hub: Any) -> None:
        self.turn()
        self._arm(hub)

    def _arm(self, hub: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        timeout = _STOPPING_TURN_S if self.is_stopping else self._worker.timeout()
        if timeout is not None and self._consumer is not None:
            self._timer = hub.call_later(timeout, self._turn_of_hub, hub)

    def _follow_in_drain(self, connection: Any) -> None:
        drain_events = connection.drain_events

        def drain(*arguments: Any, timeout: Optional[float] = None, **more: Any) -> Any:
            self.turn()
            state.maybe_shutdown()
            at_most = _STOPPING_TURN_S if self.is_stopping else _TURN_S
            return drain_events(*arguments, timeout=at_most if timeout is None else min(timeout, at_most), **more)

        connection.drain_events = drain

    def _watched(self, connection: Any) -> Any:
        """The connection, whose attempts are noticed: celery tries again about once a second, and for ever."""
        ensure_connection = connection.ensure_connection

        def ensure(
            errback: Optional[Callable[..., Any]] = None,
            *arguments: Any,
            callback: Optional[Callable[[], Any]] = None,
            **more: Any,
        ) -> Any:
            def failed(error: BaseException, interval: float) -> Any:
                self._not_connected(connection, error)
                return errback(error, interval) if errback is not None else None

            def waiting() -> None:
                self.turn()
                if callback is not None:
                    callback()

            return ensure_connection(failed, *arguments, callback=waiting, **more)

        connection.ensure_connection = ensure
        return connection

    def _not_connected(self, connection: Any, error: BaseException) -> None:
        now = time.monotonic()
        words = f"no connection to the broker {connection.as_uri()}: {error}"
        self._worker.status(words)
        self._told_of_broker = True
        if self._worker.state != "loading":
            return
        if self._give_up_at is None:
            self._give_up_at = now + self._broker_timeout
        if now >= self._give_up_at:
            raise ConfigError(f"{words} (tried for {self._broker_timeout:g} s, see --broker-timeout)") from error

    # --- the master's side ---

    def _await_start(self) -> None:
        # Until then the master may still take the whole reload back, and a task that had begun would be lost.
        poller = select.poll()
        poller.register(self._worker.poll_fd, select.POLLIN)
        while not self._is_started:
            self._worker.dispatch()
            if self._is_terminated:
                self.stop()
            state.maybe_shutdown()
            if not self._is_started:
                timeout = self._worker.timeout()
                poller.poll(None if timeout is None else timeout * 1000)

    def _start(self) -> None:
        self._is_started = True

    def _pause(self) -> None:
        self._is_paused = True
        self._hold_or_release()

    def _resume(self) -> None:
        self._is_paused = False
        self._hold_or_release()

    def _hold_or_release(self) -> None:
        consumer = self._consumer
        if consumer is None:
            # Between two connections: what is to be done is done when the next one is there.
            return
        queues = consumer.app.amqp.queues
        if self._is_paused and not self._held:
            self._held = list(queues.consume_from)
            for name in self._held:
                consumer.cancel_task_queue(name)
        elif not self._is_paused and self._held:
            # add_task_queue() does not select: the queues would be missing after the next lost connection.
            queues.select([*queues.consume_from, *self._held])
            for name in self._held:
                consumer.add_task_queue(name)
            self._held = []

    def terminated(self) -> None:
        """For a handler of SIGTERM, which means the same as the master's stop."""
        self._is_terminated = True

    def stop(self) -> None:
        """Takes no more tasks, lets running ones end, and then shuts down.

        Celery's own warm shutdown ends the loop first, and 5.2 then loses the acknowledgements of tasks that are
        finished in that moment: they would be executed twice. So the loop is kept until no task runs.
        """
        if self.is_stopping:
            return
        self.is_stopping = True
        consumer = self._consumer
        if consumer is None or not self._is_started:
            state.should_stop = 0
            return
        # As celery's own handler of SIGTERM does it.
        signals.worker_shutting_down.send(sender=consumer.hostname, sig="SIGTERM", how="Warm", exitcode=0)
        self._is_paused = True
        self._hold_or_release()
        if consumer.controller.semaphore is not None:
            # Tasks that wait for a free process of the pool: the broker gets them back.
            consumer.controller.semaphore.clear()
        self._quiet_since = time.monotonic()

    def _shut_down_when_quiet(self, active: int) -> None:
        now = time.monotonic()
        if active or self._awaits_message():
            self._quiet_since = now
        left = self._worker.time_left
        if self._consumer is None or now >= self._quiet_since + _QUIET_S:
            state.should_stop = 0
        elif left is not None and left < _CUT_OFF_S:
            if active:
                tasks = "task was" if active == 1 else "tasks were"
                _log.warning("%d %s cut off: shutdown_timeout is over", active, tasks)
            state.should_terminate = 0

    def _awaits_message(self) -> bool:
        """Redis is asked for one with the wait of a second, also where the queues were taken away meanwhile. What it
        gives is put back by kombu when it is read, and lost when the connection is closed instead. (While the worker
        may take no more, kombu does not read the answer, so that waiting for it would be of no use.)"""
        channel = self._consumer.task_consumer.channel if self._consumer is not None else None
        return bool(getattr(channel, "_in_poll", False)) and channel.qos.can_consume()


def members(requests: Any) -> set[Any]:
    """Of a set of celery's. With a pool of threads, these take their requests out of it while it is walked through."""
    while True:
        try:
            return set(requests)
        except RuntimeError:
            pass


def mend_giving_back(channel: Any) -> None:
    """With Redis, kombu (5.2) puts a message back into its queue and then removes it from what is not acknowledged.
    Another worker may have taken it in between: if that one gives it back as well, as in a reload, it is lost."""
    kind = type(channel.qos)
    if hasattr(kind, "restore_by_tag"):
        kind.reject = _reject


def _reject(qos: Any, delivery_tag: Any, requeue: bool = False) -> None:
    if requeue:
        # Removes and puts back in one transaction.
        qos.restore_by_tag(delivery_tag, leftmost=True)
        virtual.QoS.ack(qos, delivery_tag)
    else:
        qos.ack(delivery_tag)


def link_step(link: Link) -> type[bootsteps.StartStopStep]:
    """The bootstep for the consumer's blueprint."""

    class FectlLink(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            super().__init__(consumer, **options)
            link.prepare(consumer)

        def start(self, consumer: Any) -> None:
            link.connected(consumer)

        def stop(self, consumer: Any) -> None:
            link.disconnected(consumer)

        def terminate(self, consumer: Any) -> None:
            link.disconnected(consumer)

        def shutdown(self, consumer: Any) -> None:
            link.ended(consumer)

    return FectlLink
