#!/usr/bin/python3
"""A worker of the base level that is in good order but for one thing: the Python statements of its first argument,
which it executes once it was told to start. Of all that ever run in this directory only the first one does; so
what replaces it is good.

The statements find `read_fd`, `write_fd`, `listeners` (by name), `send(name, data)` and `frame(payload)`. What they
leave in `found` is then in the file `found`, as JSON. Where they raise, that is in there as text."""

import json
import os
import select
import signal
import socket
import struct
import sys
import time


def frame(payload):
    return struct.pack(">H", len(payload)) + payload


def listening_sockets():
    return {name[len("FECTL_FD_"):]: socket.socket(fileno=int(value.split(",")[0]))
            for name, value in os.environ.items() if name.startswith("FECTL_FD_")}


def is_the_first():
    try:
        os.close(os.open("attacked", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def attack(statements, tools):
    try:
        exec(statements, tools)  # pylint: disable=exec-used
    except Exception as problem:  # pylint: disable=broad-except
        tools["found"] = repr(problem)
    with open("found.new", "w", encoding="utf-8") as file:
        json.dump(tools.get("found"), file)
    os.rename("found.new", "found")


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))

    def send(name, data=None):
        message = {"cmd": name} if data is None else {"cmd": name, "data": data}
        os.write(write_fd, frame(json.dumps(message).encode()))

    hostile = is_the_first()
    send("loaded")
    os.read(read_fd, 65536)  # start
    if hostile:
        attack(sys.argv[1], {"read_fd": read_fd, "write_fd": write_fd, "listeners": listening_sockets(), "send": send,
                             "frame": frame, "json": json, "os": os, "signal": signal, "socket": socket, "time": time,
                             "struct": struct})
    while True:
        send("hb")
        readable, _, _ = select.select([read_fd], [], [], 0.2)
        if readable and not os.read(read_fd, 65536):
            return 0


if __name__ == "__main__":
    sys.exit(main())
