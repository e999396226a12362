"""WSGI applications that the tests serve."""

import os
import time

import fectl_worker
import gevent.event

released = gevent.event.Event()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    text = [("Content-Type", "text/plain")]
    if path == "/stream":
        start_response("200 OK", text)
        return stream()
    body = f"hello from {os.getpid()}".encode()
    if path == "/held":
        released.wait()
        body = b"held"
    elif path == "/release":
        released.set()
        body = b"released"
    elif path == "/never":
        gevent.event.Event().wait()
    elif path == "/sleepy":
        time.sleep(3600)  # cooperative, as everything here
    elif path == "/fails":
        raise RuntimeError("this application fails")
    elif path == "/echo":
        body = environ["wsgi.input"].read()
    elif path == "/pieces":
        # As much as there is for each call, so that the client decides how long it takes.
        body = b"".join(iter(lambda: environ["wsgi.input"].read(1), b""))
    elif path == "/big":
        body = b"x" * int(environ["QUERY_STRING"])
    elif path == "/block":
        # Until somebody opens that FIFO for writing. Not cooperative: nothing else happens in the process meanwhile.
        os.close(os.open(environ["QUERY_STRING"], os.O_RDONLY))
    elif path == "/websocket":
        return websocket(environ)
    elif path == "/status":
        fectl_worker.current().status("asked by a request")
    elif path == "/scheme":
        body = environ["wsgi.url_scheme"].encode()
    start_response("200 OK", text + [("Content-Length", str(len(body)))])
    return [body]


def stream():
    yield b"first half, "
    released.wait()
    yield b"second half"


def websocket(environ):
    # As libraries for websockets do it: they speak on the socket of wsgi.input, below the server.
    connection = environ["wsgi.input"].raw._sock
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    while data := connection.recv(1024):
        connection.sendall(data)
    raise StopIteration


def make_app():
    return application


def make_nothing():
    return None


def fails():
    raise ConnectionError("no database at db:5432")
