"""`python3 -m fectl_worker celery --app MODULE:NAME -- ...`: celery's own worker below the master."""

from __future__ import annotations

import copy
import logging
import os
import signal
from typing import Any, Mapping, Optional, Sequence

import celery
import click
from celery import bootsteps, signals
from celery.bin.worker import worker as worker_command

from fectl_worker.errors import ConfigError
from fectl_worker.runners.celery_link import CELERY_NAMES, Link, link_step
from fectl_worker.runners.objects import load, naming, reason, refuse
from fectl_worker.worker import Worker

__all__ = ["EXIT_ENDED", "run"]

_log = logging.getLogger("fectl_worker")

#: The exit code when celery ended by itself.
EXIT_ENDED = 1

# Options of `celery worker` that contradict the master, by the names of their parameters.
_REFUSED: Mapping[str, str] = {
    "hostname": "the worker names its node SERVICE-INDEX-PID, since old and new ones overlap in a reload",
    "detach": "the master must be able to see its workers",
    "pidfile": "the master knows its workers, see `fectl spid`",
    "uid": "set uid of the service in fectld.toml",
    "gid": "set gid of the service in fectld.toml",
    "beat": "old and new workers overlap in a reload; make `celery beat` a service of its own",
    "help": "run `celery worker --help` in a shell",
}


def run(worker: Worker, *, app: str, arguments: Sequence[str], broker_timeout: float) -> int:
    """Runs until the master's stop; the exit code of the process. arguments: for celery's worker command."""
    # Python would turn SIGINT into an exception in the middle of whatever runs; it means "exit now".
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    unrecoverable = _Unrecoverable()
    logging.getLogger("celery.worker").addHandler(unrecoverable)
    link = Link(worker, broker_timeout)
    try:
        _check_celery()
        with naming(f"--app {app}"):
            application = _application(app)
        _check_arguments(application, arguments)
        application.steps["consumer"].add(link_step(link))
        application.steps["worker"].add(_signals_step(link))
        with naming(f"--app {app}"):
            code = _run_celery(worker, link, application, arguments)
    except ConfigError as error:
        return refuse(worker, error)
    if worker.state == "loading" and not link.is_stopping:
        if unrecoverable.error is not None:
            return refuse(worker, ConfigError(f"--app {app}: {reason(unrecoverable.error)}"))
        return refuse(worker, ConfigError(f"--app {app}: celery ended before it was ready; its log says why"))
    return code


def _run_celery(worker: Worker, link: Link, application: celery.Celery, arguments: Sequence[str]) -> int:
    controllers: list[Any] = []

    def made(sender: Any, **_more: Any) -> None:
        controllers.append(sender)

    signals.worker_init.connect(made, weak=False)
    # %h is the host, for celery to fill in.
    node = f"{worker.service}-{worker.index}-{os.getpid()}@%h"
    try:
        application.worker_main(["worker", "-n", node, *arguments])
    except click.ClickException as error:
        raise ConfigError(f"arguments after --: {error.format_message()}") from None
    except SystemExit as error:
        if worker.state == "loading":
            raise
        return error.code if isinstance(error.code, int) else EXIT_ENDED
    code = getattr(controllers[-1], "exitcode", None) if controllers else None
    return code or (0 if link.is_stopping else EXIT_ENDED)


def _application(name: str) -> celery.Celery:
    found = load(name)
    if not isinstance(found, celery.Celery):
        raise ConfigError(f"is a {type(found).__name__}, not a celery.Celery")
    return found


def _check_celery() -> None:
    for owner, names in CELERY_NAMES:
        for name in names:
            if not hasattr(owner, name):
                where = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", owner)
                raise ConfigError(
                    f"celery {celery.__version__} does not work with this worker: {where} has no {name}. Versions that "
                    "do are named in python/README.md of fectl"
                )


def _check_arguments(application: celery.Celery, arguments: Sequence[str]) -> None:
    """ConfigError: celery's worker command does not know them, or they contradict the master."""
    command = copy.copy(worker_command)
    command.params = [*worker_command.params, *application.user_options.get("worker", ())]
    try:
        given, _, _ = command.make_parser(click.Context(command, info_name="worker")).parse_args(list(arguments))
    except click.ClickException as error:
        raise ConfigError(f"arguments after --: {error.format_message()}") from None
    for name, why in _REFUSED.items():
        if name in given:
            options = dict.fromkeys(option for p in command.params if p.name == name for option in p.opts)
            raise ConfigError(f"arguments after --: {'/'.join(options)} cannot be used here: {why}")


def _signals_step(link: Link) -> type[bootsteps.StartStopStep]:
    """Signals mean what they mean for every worker. Celery installs handlers of its own before its first step."""

    class FectlSignals(bootsteps.StartStopStep):
        def start(self, _controller: Any) -> None:
            signal.signal(signal.SIGTERM, lambda _number, _frame: link.terminated())
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)

        def stop(self, _controller: Any) -> None: ...

    return FectlSignals


class _Unrecoverable(logging.Handler):
    """Keeps the exception for which celery's worker ends: celery logs it and tells nobody else."""

    def __init__(self) -> None:
        super().__init__(logging.CRITICAL)
        self.error: Optional[BaseException] = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.error = record.exc_info[1]
