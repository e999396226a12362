"""WSGI applications that the tests serve."""

import os
import time

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
    elif path == "/scheme":
        body = environ["wsgi.url_scheme"].encode()
    start_response("200 OK", text + [("Content-Length", str(len(body)))])
    return [body]


def stream():
    yield b"first half, "
    released.wait()
    yield b"second half"


def make_app():
    return application


def make_nothing():
    return None


def fails():
    raise ConnectionError("no database at db:5432")
