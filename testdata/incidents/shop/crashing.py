"""A worker that ends in the way that the file `end` says, once that is there; it is removed before, or else kept."""

import ctypes
import os
import resource
import select
import sys

import fectl_worker


def throw() -> None:
    raise ValueError("no such row")


def read_nothing() -> None:
    ctypes.string_at(0)


def read_nothing_with_core() -> None:
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
    read_nothing()


def leave() -> None:
    print("I leave as I like", file=sys.stderr, flush=True)
    sys.exit(3)


ENDS = {"throw": throw, "read_nothing": read_nothing, "core": read_nothing_with_core, "leave": leave}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    worker = fectl_worker.Worker.from_environment()
    worker.status("counting rows")
    worker.set_gauge("rows", 7)
    worker.loaded()
    while worker.state != "stopping":
        select.select([worker.poll_fd], [], [], 0.02)
        worker.dispatch()
        if os.path.exists("end"):
            with open("end", encoding="utf-8") as file:
                how = file.read()
            if "--keeps" not in sys.argv:
                os.unlink("end")
            ENDS[how]()


if __name__ == "__main__":
    main()
