"""Tasks that write a line when they begin and when they end. The broker is in the environment."""

import os
import threading

import celery

app = celery.Celery("celery_jobs", broker=os.environ.get("JOBS_BROKER", "memory://"))
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1
if "JOBS_SPOOL" in os.environ:
    folder = os.environ["JOBS_SPOOL"]
    folders = {name: folder for name in ("data_folder_in", "data_folder_out")}
    # Newer versions of kombu would make that one in the current directory.
    folders["control_folder"] = os.path.join(folder, "..", "control")
    app.conf.broker_transport_options = {**folders, "polling_interval": 0.05}

no_app = "text"
broken_include = celery.Celery("broken_include", broker="memory://", include=["broken_import"])


def note(line: str) -> None:
    fd = os.open(os.environ["JOBS_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(fd, f"{line}\n".encode())
    os.close(fd)


@app.task(bind=True)
def work(self: celery.Task, name: str, until: str = "") -> None:
    """until: the path of a file, whose appearance ends the task."""
    note(f"begin {name} {self.request.hostname}")
    while until and not os.path.exists(until):
        # Cooperative, with the pool gevent.
        threading.Event().wait(0.02)
    note(f"end {name}")


@celery.signals.task_received.connect
def block(request: object, **_: object) -> None:
    """A consumer that hangs, since a task of this name has come."""
    if "hang" in getattr(request, "argsrepr", ""):
        threading.Event().wait()
