#!/usr/bin/python3
"""A worker of the base level with the habits of old workers, in plain Python.

It knows the base level of the worker protocol and nothing of this product: one frame per read, a heartbeat each
second from its own loop, an end when its parent changes, SIGTERM as "finish and exit", SIGQUIT and SIGINT as "exit
now". What the level-2 variables say is not looked at. Each command that it hears is a line of the file
`commands-<index>` in its directory: "<pid> <command>".
"""

import json
import os
import select
import signal
import socket
import struct
import sys
import time


def read_exactly(fd, count):
    """Reads as the old workers do: blocking, and only as much as one frame needs."""
    data = b""
    while len(data) < count:
        part = os.read(fd, count - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def read_command(fd):
    (size,) = struct.unpack(">H", read_exactly(fd, 2))
    return json.loads(read_exactly(fd, size).decode("utf-8"))["cmd"]


def send(fd, name):
    payload = json.dumps({"cmd": name}).encode("utf-8")
    os.write(fd, struct.pack(">H", len(payload)) + payload)


def listeners():
    found = []
    for name, value in os.environ.items():
        if name.startswith("FECTL_FD_"):
            fd, family, kind, proto = value.split(",")
            words = [part.split(":") for part in (family, kind, proto)]
            assert [word for word, _ in words] == ["FAMILY", "SOCKETTYPE", "PROTO"], value
            numbers = [int(number) for _, number in words]
            listener = socket.socket(numbers[0], numbers[1], numbers[2], fileno=int(fd))
            listener.setblocking(False)
            found.append(listener)
    return found


def answer(listener):
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return
    connection.settimeout(10)
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(4096)
        if not part:
            break
        request += part
    body = b"%d base\n" % os.getpid()
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    connection.close()


def main():
    read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))
    index = int(os.environ["FECTL_PROC_IDX"])
    parent = os.getppid()
    stopping = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    signal.signal(signal.SIGQUIT, lambda number, frame: os._exit(0))
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(0))
    accepting = []
    sockets = listeners()
    send(write_fd, "loaded")
    next_beat = time.monotonic()
    while not stopping and os.getppid() == parent:
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + 1
            send(write_fd, "hb")
        readable, _, _ = select.select([read_fd, *accepting], [], [], max(0, next_beat - time.monotonic()))
        for listener in readable:
            if listener != read_fd:
                answer(listener)
        if read_fd not in readable:
            continue
        command = read_command(read_fd)
        if command != "hb":
            with open("commands-%d" % index, "a", encoding="utf-8") as file:
                file.write("%d %s\n" % (os.getpid(), command))
        if command in ("start", "resume"):
            accepting = sockets
        elif command == "pause":
            accepting = []
        elif command == "stop":
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
