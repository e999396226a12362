"""WSGI applications that the tests serve in threads."""

import os
import threading

import fectl_worker

TEXT = [("Content-Type", "text/plain")]

released = threading.Event()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/pieces":
        start_response("200 OK", TEXT)
        return pieces()
    if path == "/endless":
        start_response("200 OK", TEXT)
        return endless(environ["QUERY_STRING"])
    if path == "/breaks":
        start_response("200 OK", TEXT)
        return breaks()
    if path == "/late":
        start_response("200 OK", [*TEXT, ("Content-Length", "4")])
        return Late(environ["QUERY_STRING"])
    body = f"hello from {os.getpid()}".encode()
    if path == "/fails":
        raise RuntimeError("this application fails")
    if path == "/held":
        released.wait()
        body = b"held"
    elif path == "/release":
        released.set()
        body = b"released"
    elif path == "/block":
        block(environ["QUERY_STRING"])
        body = b"went on"
    elif path == "/brief":
        threading.Event().wait(0.05)  # an answer that waits for something else
    elif path == "/echo":
        body = environ["wsgi.input"].read()
    elif path == "/thread":
        body = threading.current_thread().name.encode()
    elif path == "/scheme":
        body = environ["wsgi.url_scheme"].encode()
    elif path == "/speak":
        worker = fectl_worker.current()
        worker.status("asked by a thread")
        worker.set_gauge("shop.carts", 7)
        worker.send_message({"state": worker.state})
        try:
            worker.set_gauge("no such name", 1)
        except ValueError as error:
            body = str(error).encode()
    elif path == "/leave":
        fectl_worker.current().stopping("a thread wants to leave")
    start_response("200 OK", [*TEXT, ("Content-Length", str(len(body)))])
    return [body]


def mounted(environ, start_response):
    body = (environ["SCRIPT_NAME"] + " " + environ["PATH_INFO"]).encode()
    start_response("200 OK", TEXT)
    return [body]


def make():
    return application


def block(path):
    """Until somebody opens that FIFO for writing. The file beside it says that the thread is here."""
    with open(path + ".here", "w", encoding="utf-8"):
        pass
    os.close(os.open(path, os.O_RDONLY))


def pieces():
    yield b"first half, "
    released.wait()
    yield b"second half"


def endless(path):
    """Writes into that file when it is closed."""
    try:
        while True:
            yield bytes(65536)
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write("closed")


def breaks():
    yield b"half"
    raise RuntimeError("this application breaks off")


class Late:
    """Its answer is complete before close() begins, which waits for that FIFO to be opened."""

    def __init__(self, path):
        self._path = path

    def __iter__(self):
        yield b"late"

    def close(self):
        block(self._path)


not_callable = "text"
