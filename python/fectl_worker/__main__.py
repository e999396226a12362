"""`python3 -m fectl_worker asyncio|gevent|celery`: the ready-made workers."""

from __future__ import annotations

import argparse
import io
import logging
import sys
from typing import Optional, Sequence

from fectl_worker.errors import ConfigError, EnvironmentInvalid
from fectl_worker.runners.objects import reason, refuse
from fectl_worker.worker import Worker

_EXIT_USAGE = 2

_DESCRIPTION = """\
A worker for fectld, to be named as the `command` of a [[service]] in fectld.toml.
It serves the sockets of its service which have an `app`.
"""

_EPILOG = """\
example, in fectld.toml:

  [[socket]]
  name = "http"
  port = 8080
  app = "asgi"
  arguments = ["app=shop.main:app"]

  [[service]]
  name = "shop"
  num = 2
  command = "python3 -m fectl_worker asyncio"

exit codes: 0 stopped by the master; 1 the stop failed (the log says why); 2 wrong usage, or started by hand; 99 the
application could not be started (the master is told why)
"""

_BY_HAND = """\
fectl_worker: this program was not started by fectld: FECTL_FD is not in its environment, so there is no master to
talk to and there are no sockets to serve. Name it as the command of a service in fectld.toml (see --help), then
start fectld.
"""

_CELERY_DESCRIPTION = """\
A worker for fectld that is Celery's own worker, to be named as the `command` of a [[service]] in fectld.toml.
"""

_CELERY_EPILOG = """\
What stands after -- goes to `celery worker`, less the options which contradict fectld, such as --hostname and --beat.

example, in fectld.toml:

  [[service]]
  name = "jobs"
  num = 2
  shutdown_timeout = 300        # a task may take so long after a reload or stop
  command = "python3 -m fectl_worker celery --app shop.celery:app -- --concurrency 4"
"""

_APP_HELP = (
    "called with (worker, socket, arguments), here (worker, None, []); what it returns may offer start, pause, resume "
    "and stop"
)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python3 -m fectl_worker", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=raw
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True, title="kinds of worker")
    asyncio_parser = kinds.add_parser(
        "asyncio", help='asyncio; sockets with app = "asgi", "aiohttp" or "module:callable"', description=_DESCRIPTION
    )
    asyncio_parser.add_argument(
        "--loop",
        choices=("auto", "asyncio", "uvloop"),
        default="auto",
        help="the event loop (default: %(default)s: uvloop where it is installed, which takes less processor time)",
    )
    asyncio_parser.add_argument(
        "--debug", action="store_true", help="asyncio's debug mode: slow, tells of blocking calls and forgotten tasks"
    )
    gevent_parser = kinds.add_parser(
        "gevent", help='gevent; sockets with app = "wsgi" or "module:callable"', description=_DESCRIPTION
    )
    celery_parser = kinds.add_parser(
        "celery",
        help="Celery: runs tasks; needs no socket",
        usage="%(prog)s [-h] --app MODULE:NAME [--broker-timeout SECONDS] [-- ARGUMENT ...]",
        description=_CELERY_DESCRIPTION,
        epilog=_CELERY_EPILOG,
        formatter_class=raw,
    )
    celery_parser.add_argument("--app", metavar="MODULE:NAME", required=True, help="the celery.Celery object")
    celery_parser.add_argument(
        "--broker-timeout",
        metavar="SECONDS",
        type=float,
        default=20.0,
        help="a start fails when the broker refused connections for so long; keep it below the service's "
        "startup_timeout (default: %(default)g)",
    )
    for one in (asyncio_parser, gevent_parser):
        one.add_argument("--app", metavar="MODULE:CALLABLE", help="an application without a socket: " + _APP_HELP)
    inspect_parser = kinds.add_parser("inspect", help="no worker: says for fectl serve what a name stands for")
    inspect_parser.add_argument("name", metavar="MODULE:NAME", help="the application, or what makes it")
    inspect_parser.add_argument("--kind", dest="told", help="it is this (asgi, wsgi, aiohttp); only find out the rest")
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    own, after = _split(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options = parser.parse_args(own)
    if after and options.kind != "celery":
        parser.error(f"the {options.kind} worker takes no arguments after --")
    _show_lines_at_once()
    if options.kind == "inspect":
        from fectl_worker import inspection

        inspection.run(options.name, options.told)
    debug = getattr(options, "debug", False)
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s",
    )
    try:
        worker = Worker.from_environment()
    except EnvironmentInvalid as error:
        print(f"fectl_worker: {error}", file=sys.stderr)
        return _EXIT_USAGE
    if not worker.managed:
        sys.stderr.write(_BY_HAND)
        return _EXIT_USAGE
    if options.kind == "celery":
        return _run_celery(worker, options, after)
    if options.kind == "gevent":
        try:
            from fectl_worker.runners import gevent_worker
        except ImportError as error:
            return refuse(worker, ConfigError(f"{error}; on Debian gevent is the package python3-gevent"))
        except Exception as error:
            return refuse(worker, ConfigError(f"gevent cannot be imported: {reason(error)}"))
        return gevent_worker.run(worker, app=options.app)
    from fectl_worker.runners import asyncio_worker

    return asyncio_worker.run(worker, app=options.app, loop=options.loop, debug=options.debug)


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before and after the first --."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _run_celery(worker: Worker, options: argparse.Namespace, arguments: Sequence[str]) -> int:
    try:
        import celery

        # The pools gevent and eventlet replace parts of Python's library, which must be done before these are imported.
        celery.maybe_patch_concurrency(["celery", "worker", *arguments])
        from fectl_worker.runners import celery_worker
    except ImportError as error:
        hint = "; on Debian celery is the package python3-celery" if error.name == "celery" else ""
        return refuse(worker, ConfigError(f"{error}{hint}"))
    except Exception as error:
        return refuse(worker, ConfigError(f"celery cannot be imported: {reason(error)}"))
    return celery_worker.run(
        worker, app=options.app, arguments=arguments, broker_timeout=options.broker_timeout
    )


def _show_lines_at_once() -> None:
    """What the application prints appears when its line is complete, and is not lost when the process is killed.

    Python would collect some kilobytes first, since standard output of a service is no terminal.
    """
    for stream in (sys.stdout, sys.stderr):
        # None: the descriptor is closed. Anything else than Python's own kind was put there by somebody on purpose.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


if __name__ == "__main__":
    sys.exit(main())
