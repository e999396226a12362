"""What the kernel knows about the other end of a connection."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
from typing import Optional

__all__ = ["Unread", "has_hung_up", "is_readable", "unread"]

# struct tcp_info of linux/tcp.h: the place of tcpi_bytes_acked, the count of bytes that the peer has acknowledged.
_BYTES_ACKED = struct.Struct("=120xQ")

#: Two equal values, one after the other: nothing of the answer has been read in between.
Unread = tuple[int, int]


def is_readable(connection: socket.socket) -> bool:
    """There is something in the kernel which the loop has not seen: not the moment to close."""
    return bool(_poll(connection, select.POLLIN))


def has_hung_up(connection: socket.socket) -> bool:
    """The peer has closed both directions, or is gone. (After it closed one only, it still reads.)"""
    return bool(_poll(connection, 0) & (select.POLLHUP | select.POLLERR))


def unread(connection: socket.socket) -> Optional[Unread]:
    """How much of what was written waits in the kernel; None: nothing, or the connection is closed."""
    if connection.fileno() < 0:
        return None
    (waiting,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    if not waiting:
        return None
    if connection.family == socket.AF_UNIX:
        return waiting, 0
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.size)
    # A kernel that does not count them gives less.
    acknowledged = _BYTES_ACKED.unpack(info)[0] if len(info) == _BYTES_ACKED.size else 0
    return waiting, acknowledged


def _poll(connection: socket.socket, events: int) -> int:
    if connection.fileno() < 0:
        return 0
    poller = select.poll()
    poller.register(connection.fileno(), events)
    return sum(found for _, found in poller.poll(0))
