"""The functions that never come back; HANGS names them."""

import asyncio
import collections
import itertools
import os
import re
import threading
import time


def lock() -> None:
    taken = threading.Lock()
    with taken:
        taken.acquire()


def sleep() -> None:
    time.sleep(3600)


def search() -> None:
    """C code that keeps the interpreter, but looks for signals."""
    re.match(r"(a+)+$", "a" * 64 + "b")


def count() -> None:
    """C code that keeps the interpreter and does not look for anything."""
    collections.deque(itertools.repeat(0), maxlen=0)


def write() -> None:
    _, full = os.pipe()
    while True:
        os.write(full, bytes(65536))


async def ask() -> None:
    await _answer()


async def _answer() -> None:
    await asyncio.Event().wait()


HANGS = {"lock": lock, "sleep": sleep, "search": search, "count": count, "write": write}
