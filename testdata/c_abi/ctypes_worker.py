"""A worker that knows nothing of fectl but worker_sdk/c/fectl.h, and greets everybody: ctypes_worker.py LIBRARY."""

import ctypes
import select
import socket
import sys

_CALL = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_STOP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)


class Callbacks(ctypes.Structure):
    _fields_ = [("on_start", _CALL), ("on_pause", _CALL), ("on_resume", _CALL), ("on_stop", _STOP),
                ("on_master_lost", _CALL)]


def main() -> int:
    library = ctypes.CDLL(sys.argv[1])
    library.fectl_open.restype = ctypes.c_void_p
    library.fectl_open.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    for name in ("managed", "fd", "timeout_ms", "dispatch", "loaded", "close", "socket", "status", "gauge"):
        getattr(library, f"fectl_{name}").argtypes = [ctypes.c_void_p]
    library.fectl_socket.argtypes = library.fectl_status.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.fectl_gauge.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double]
    state = {"accepts": False, "ends": False}
    callbacks = Callbacks(
        _CALL(lambda _: state.update(accepts=True)), _CALL(lambda _: state.update(accepts=False)),
        _CALL(lambda _: state.update(accepts=True)), _STOP(lambda _, left: state.update(ends=left > 0)), _CALL())
    error = ctypes.create_string_buffer(200)
    worker = library.fectl_open(ctypes.byref(callbacks), ctypes.sizeof(callbacks), None, error, len(error))
    if not worker or not library.fectl_managed(worker):
        print("ctypes_worker:", error.value.decode() or "start me from fectld", file=sys.stderr)
        return 99
    listener = socket.socket(fileno=library.fectl_socket(worker, b"greet"))
    listener.setblocking(False)
    library.fectl_status(worker, b"from another language")
    library.fectl_loaded(worker)
    greeted = 0
    while not state["ends"]:
        descriptors = [library.fectl_fd(worker)] + ([listener.fileno()] if state["accepts"] else [])
        limit = library.fectl_timeout_ms(worker)
        ready, _, _ = select.select(descriptors, [], [], None if limit < 0 else limit / 1000)
        if listener.fileno() in ready:
            try:
                client, _ = listener.accept()
            except BlockingIOError:
                continue  # another worker was faster
            with client:
                client.sendall(b"hello\n")
            greeted += 1
            library.fectl_gauge(worker, b"greeted", greeted)
        library.fectl_dispatch(worker)
    library.fectl_close(worker)
    return 0


if __name__ == "__main__":
    sys.exit(main())
