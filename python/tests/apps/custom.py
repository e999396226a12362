"""Applications of the service's own kind: they note what the worker asks them."""

import asyncio
import os
import time


def note(text):
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Full:
    def __init__(self, worker, socket, arguments):
        note(f"made {worker.service} {socket.name if socket else None} {list(arguments)}")
        self.worker = worker

    def start(self):
        note("start")

    async def pause(self):
        await asyncio.sleep(0)
        note("pause")

    def resume(self):
        note("resume")
        self.worker.status("resumed")

    async def stop(self):
        note(f"stop {self.worker.time_left is not None}")


async def make_async(worker, socket, arguments):
    await asyncio.sleep(0)
    return Full(worker, socket, arguments)


def make_nothing(worker, socket, arguments):
    note("made")


def raises(worker, socket, arguments):
    raise ValueError("no\nsuch region")


class StartFails(Full):
    def start(self):
        raise OSError("the disk is full")


class StopHangs(Full):
    async def stop(self):
        note("stop begun")
        await asyncio.Event().wait()


class BadGauges(Full):
    def gauges(self):
        return {"no such name": 1.0}


class Blocks(Full):
    """A loop which hangs: it must fall silent."""

    def start(self):
        note("start")
        time.sleep(3600)


class Leaves(Full):
    def start(self):
        self.worker.stopping("after 10000 requests")
        self.worker.set_gauge("depth", 2.5)
        self.worker.on_message = lambda message: self.worker.send_message({"echo": message})


not_callable = "text"
