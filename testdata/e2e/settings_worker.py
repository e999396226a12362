#!/usr/bin/python3
"""A plain worker that appends what it finds at its start, as a line of JSON, to the file found-<service>-<index> of its
directory (or of FOUND_IN), says a line on each of its standard streams, and then serves nothing in good order."""

import json
import os
import select
import signal
import socket
import struct
import sys


def sockets():
    found = {}
    for variable, value in os.environ.items():
        if not variable.startswith("FECTL_FD_"):
            continue
        fd, family, _, _ = value.split(",")
        with socket.socket(fileno=os.dup(int(fd))) as listener:
            entry = {"fd": int(fd), "family": int(family.split(":")[1]), "address": listener.getsockname(),
                     "inode": os.fstat(int(fd)).st_ino}
            if listener.family in (socket.AF_INET, socket.AF_INET6):
                # Of a listening socket: the length of its queue. After 8 bytes, the sixth of the 32-bit members.
                info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
                entry["backlog"] = struct.unpack_from("I", info, 8 + 5 * 4)[0]
            if listener.family == socket.AF_INET6:
                entry["v6only"] = listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        found[variable[len("FECTL_FD_"):]] = entry
    return found


def send(fd, name):
    payload = json.dumps({"cmd": name}).encode()
    os.write(fd, struct.pack(">H", len(payload)) + payload)


def main():
    if "--fail" in sys.argv:
        return 1
    listens = sockets()
    found = {
        "pid": os.getpid(), "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()),
        "directory": os.getcwd(), "arguments": sys.argv, "environment": dict(os.environ), "sockets": listens,
        "descriptors": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
        "streams": [os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)],
    }
    service, index = os.environ["FECTL_SRV_NAME"], os.environ["FECTL_PROC_IDX"]
    folder = os.environ.get("FOUND_IN", ".")
    with open(f"{folder}/found-{service}-{index}", "a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    os.write(1, b"output of %d\n" % os.getpid())
    os.write(2, b"errors of %d\n" % os.getpid())
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))
    send(write_fd, "loaded")
    while True:
        readable, _, _ = select.select([read_fd], [], [], 1)
        if readable and not os.read(read_fd, 65536):
            return 0
        send(write_fd, "hb")


if __name__ == "__main__":
    sys.exit(main())
