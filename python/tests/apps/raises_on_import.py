"""A module that cannot be imported, for a reason that is no Exception."""

import asyncio
import os

import gevent


class Own(BaseException):
    pass


raise {
    "Timeout": gevent.Timeout(5),
    "GreenletExit": gevent.GreenletExit("at import"),
    "CancelledError": asyncio.CancelledError("at import"),
    "KeyboardInterrupt": KeyboardInterrupt("at import"),
    "SystemExit": SystemExit(0),
    "GeneratorExit": GeneratorExit("at import"),
    "Own": Own("at import"),
    "ValueError": ValueError("no such file: \udce4.txt"),
}[os.environ["RAISES"]]
