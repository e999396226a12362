"""Applications of the service's own kind, for the gevent worker."""

import os
import time

import gevent
import gevent.monkey


def note(text):
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Full:
    def __init__(self, worker, socket, arguments):
        note(f"made {worker.service} {socket.name if socket else None} {list(arguments)}")
        self.worker = worker

    def start(self):
        gevent.sleep(0.01)
        note("start")

    def pause(self):
        note("pause")

    def resume(self):
        note("resume")
        self.worker.status("resumed")

    def stop(self):
        time.sleep(0.01)
        note("stop")


def make(worker, socket, arguments):
    return Full(worker, socket, arguments)


class StartFails(Full):
    def start(self):
        raise OSError("the disk is full")


class Blocks(Full):
    """A hub which hangs: it must fall silent."""

    def start(self):
        note("start")
        gevent.monkey.get_original("time", "sleep")(3600)
