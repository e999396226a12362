"""A worker of the base level that writes what a test wants: the program of the end-to-end tests of output.

The file `orders` beside it has one order a line, which is done when it is there: "text JSON", a string of latin-1 that
is written as these bytes; "error JSON", the same to the standard error; "count FIRST LAST PAUSE", numbered lines with a
pause in seconds between them; "exit CODE". How long the longest of all writes took stands in `longest-PID`.
"""

import json
import os
import pathlib
import select
import sys
import time


class Writer:
    def __init__(self) -> None:
        self.longest = 0.0

    def write(self, data: bytes, fd: int = 1) -> None:
        while data:
            began = time.monotonic()
            data = data[os.write(fd, data):]
            self.longest = max(self.longest, time.monotonic() - began)


def wait(channel: int, seconds: float) -> None:
    """Until the time is over, or something came; the end of the master is the worker's."""
    readable, _, _ = select.select([channel], [], [], seconds)
    if readable and (not (got := os.read(channel, 65536)) or b'"stop"' in got):
        os._exit(0)


def main() -> None:
    read_fd, write_fd = map(int, os.environ["FECTL_FD"].split(":"))
    orders = pathlib.Path(sys.argv[1])
    writer = Writer()
    loaded = b'{"cmd":"loaded"}'
    os.write(write_fd, len(loaded).to_bytes(2, "big") + loaded)
    done = 0
    while True:
        lines = orders.read_text(encoding="utf-8").split("\n")[:-1] if orders.exists() else []
        for line in lines[done:]:
            done += 1
            word, _, rest = line.partition(" ")
            if word in ("text", "error"):
                writer.write(json.loads(rest).encode("latin-1"), 1 if word == "text" else 2)
            elif word == "count":
                first, last, pause = rest.split()
                for number in range(int(first), int(last) + 1):
                    writer.write(b"line %d %s\n" % (number, b"x" * (number % 97)))
                    if float(pause) > 0:
                        wait(read_fd, float(pause))
            elif word == "exit":
                os._exit(int(rest))
            orders.with_name(f"longest-{os.getpid()}").write_text(f"{done} {writer.longest}", encoding="utf-8")
        wait(read_fd, 0.02)


if __name__ == "__main__":
    main()
