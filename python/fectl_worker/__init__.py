"""Workers for fectld in Python.

    worker = fectl_worker.Worker.from_environment()
    worker.on_start = ...
    worker.on_stop = ...
    worker.loaded()
    worker.run()

`fectl_worker.current()` is the Worker of this process, for code that was not given it.

Ready-made workers: `python3 -m fectl_worker --help`.
"""

from fectl_worker._native import EXIT_BOOT_FAILED, EXIT_INIT_FAILED, EXIT_STARTUP_TIMEOUT
from fectl_worker.errors import ConfigError, EnvironmentInvalid, NotManaged, WorkerError
from fectl_worker.worker import Json, Lease, Socket, Worker, current

__all__ = [
    "ConfigError",
    "EXIT_BOOT_FAILED",
    "EXIT_INIT_FAILED",
    "EXIT_STARTUP_TIMEOUT",
    "EnvironmentInvalid",
    "Json",
    "Lease",
    "NotManaged",
    "Socket",
    "Worker",
    "WorkerError",
    "current",
]
