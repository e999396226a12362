"""A client of the base level of the control protocol in plain Python. It knows nothing of this product's code."""

import json
import socket
import struct
import time


class Closed(Exception):
    """The master ended the connection, at a frame's border."""


class Torn(Exception):
    """The master ended the connection in the middle of a frame."""


class BaseClient:
    """One connection. Every answer is checked to be a frame of the base level."""

    def __init__(self, path, timeout=60.0):
        self.deadline = time.monotonic() + timeout
        self.pongs = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.settimeout(timeout)
            self.socket.connect(path)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, command, data=None):
        message = {"cmd": command} if data is None else {"cmd": command, "data": data}
        payload = json.dumps(message).encode("utf-8")
        self.send_bytes(struct.pack(">H", len(payload)) + payload)

    def send_bytes(self, data):
        self.socket.settimeout(max(0.001, self.deadline - time.monotonic()))
        self.socket.sendall(data)

    def _exactly(self, count, torn):
        data = b""
        while len(data) < count:
            self.socket.settimeout(max(0.001, self.deadline - time.monotonic()))
            part = self.socket.recv(count - len(data))
            if not part:
                raise Torn if data or torn else Closed
            data += part
        return data

    def frame(self):
        """The next frame's payload, as bytes."""
        (size,) = struct.unpack(">H", self._exactly(2, False))
        return self._exactly(size, True)

    def message(self):
        """(command, data) of the next frame, whatever it is."""
        payload = self.frame()
        message = json.loads(payload.decode("utf-8"))
        assert isinstance(message, dict) and isinstance(message.get("cmd"), str), payload
        assert set(message) <= {"cmd", "data"}, payload
        return message["cmd"], message.get("data")

    def answer(self):
        """The next message that is not the master's sign of life."""
        while True:
            command, data = self.message()
            if command != "Pong":
                return command, data
            self.pongs += 1

    def ask(self, command, data=None):
        self.send(command, data)
        return self.answer()

    def ping(self):
        self.send("Ping")
        assert self.message() == ("Pong", None)


def ask(path, command, data=None, timeout=60.0):
    """One request on a connection of its own."""
    with BaseClient(path, timeout) as client:
        return client.ask(command, data)
